// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/model/alert_rule.hpp>

#include <algorithm>

namespace cohort::sim {
namespace {

/// The counters that one scrape reads.
struct sample {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
};

/// The samples at the start and at each multiple of `alert_interval`.
std::vector<sample> scrape(const caller_results& callers, duration length) {
  std::vector<sample> samples(static_cast<std::size_t>(length / alert_interval) + 1);
  for (const auto& call : callers.ended) {
    const auto end = call.begin + call.elapsed;
    const auto index = static_cast<std::size_t>((end + alert_interval - duration{1}) / alert_interval);
    if (index >= samples.size()) continue;
    ++samples[index].requests;
    if (call.status == 0 || call.status >= 500) ++samples[index].errors;
  }
  for (std::size_t i = 1; i < samples.size(); ++i) {
    samples[i].requests += samples[i - 1].requests;
    samples[i].errors += samples[i - 1].errors;
  }
  return samples;
}

bool exceeds_threshold(const alert_rule& rule, duration window, const std::vector<sample>& samples, std::size_t last) {
  const auto window_samples = static_cast<std::size_t>(window / alert_interval);
  if (last < window_samples) return false;
  const auto& first = samples[last - window_samples];
  const auto requests = static_cast<double>(samples[last].requests - first.requests);
  const auto errors = static_cast<double>(samples[last].errors - first.errors);
  return requests > 0 && errors / requests > rule.threshold;
}

}  // namespace

std::vector<alert_firing> evaluate(const alert_rule& rule, const caller_results& callers, duration length) {
  const auto samples = scrape(callers, length);
  std::vector<alert_firing> firings;
  std::optional<duration> active_since;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const auto now = alert_interval * static_cast<duration::rep>(i);
    const bool is_active = std::all_of(rule.windows.begin(), rule.windows.end(),
                                       [&](duration window) { return exceeds_threshold(rule, window, samples, i); });
    const bool is_firing = !firings.empty() && !firings.back().end;
    if (!is_active) {
      if (is_firing) firings.back().end = now;
      active_since.reset();
      continue;
    }
    if (!active_since) active_since = now;
    if (!is_firing && now - *active_since >= rule.hold) firings.push_back({now, std::nullopt});
  }
  return firings;
}

}  // namespace cohort::sim

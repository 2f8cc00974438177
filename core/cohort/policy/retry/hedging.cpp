// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/hedging.hpp>

#include <algorithm>

namespace cohort::policy {

std::optional<duration> hedging::delay(duration remaining_time, time_point now) noexcept {
  if (!settings_.is_enabled) return std::nullopt;
  const auto slow_latency = latencies_.quantile(settings_.quantile, settings_.min_samples, now);
  if (!slow_latency) return std::nullopt;
  const auto delay = std::max(*slow_latency, settings_.min_delay);
  const auto time_left = remaining_time - delay;
  // If the quantile is at least 0.5, the median is at most `delay` and need not be calculated.
  const bool exceeds_median = settings_.quantile >= 0.5 && time_left >= delay;
  if (!exceeds_median && time_left < median(now)) return std::nullopt;
  return delay;
}

duration hedging::median(time_point now) noexcept {
  return latencies_.quantile(0.5, settings_.min_samples, now).value_or(duration::zero());
}

}  // namespace cohort::policy

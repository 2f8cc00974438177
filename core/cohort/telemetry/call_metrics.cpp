// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/call_metrics.hpp>

#include <algorithm>
#include <chrono>

namespace cohort::telemetry {

call_metrics::call_metrics(registry& registry, const description& metrics, const std::string& upstream)
    : outcomes_(metrics.outcomes),
      in_flight_(registry.make_gauge(metrics.prefix + "_in_flight", metrics.in_flight_help, {{"upstream", upstream}})),
      durations_(registry.make_histogram(metrics.prefix + "_request_duration_seconds", metrics.duration_help,
                                         {{"upstream", upstream}})) {
  for (const auto outcome : outcomes_) {
    calls_.push_back(&registry.make_counter(metrics.prefix + "_requests_total", metrics.requests_help,
                                            {{"upstream", upstream}, {"outcome", std::string{outcome}}}));
  }
}

void call_metrics::on_end(std::string_view outcome, duration elapsed, const trace_context& trace, time_point now) {
  in_flight_.add(-1);
  const auto found = std::find(outcomes_.begin(), outcomes_.end(), outcome);
  calls_[static_cast<std::size_t>(found - outcomes_.begin())]->increment();
  durations_.observe(to_seconds(elapsed), trace, now);
}

}  // namespace cohort::telemetry

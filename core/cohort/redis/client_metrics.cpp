// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/client_metrics.hpp>

#include <algorithm>
#include <chrono>

namespace cohort::redis {
namespace {

constexpr std::array<std::string_view, 9> outcomes{"ok",      "error_reply", "invalid",  "shed",     "connect",
                                                   "timeout", "reset",       "protocol", "cancelled"};

}  // namespace

client_metrics::client_metrics(telemetry::registry& registry, const std::string& upstream)
    : in_flight(registry.make_gauge("cohort_redis_in_flight", "Redis calls in flight, including waiting ones.",
                                    {{"upstream", upstream}})),
      connections(registry.make_gauge("cohort_redis_connections", "Established connections to Redis.",
                                      {{"upstream", upstream}})),
      connects_succeeded(registry.make_counter("cohort_redis_connects_total",
                                               "Attempts to connect to Redis, by result.",
                                               {{"upstream", upstream}, {"result", "ok"}})),
      connects_failed(
          registry.make_counter("cohort_redis_connects_total", "", {{"upstream", upstream}, {"result", "failed"}})),
      messages(registry.make_counter("cohort_redis_messages_total", "Messages received by subscriptions, by result.",
                                     {{"upstream", upstream}, {"result", "queued"}})),
      dropped_messages(
          registry.make_counter("cohort_redis_messages_total", "", {{"upstream", upstream}, {"result", "dropped"}})),
      durations_(registry.make_histogram("cohort_redis_request_duration_seconds",
                                         "Duration of a Redis call, in seconds.", {{"upstream", upstream}})) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    calls_[i] = &registry.make_counter("cohort_redis_requests_total", "Redis calls, by outcome.",
                                       {{"upstream", upstream}, {"outcome", std::string{outcomes[i]}}});
  }
}

void client_metrics::record_call(std::string_view outcome, duration elapsed, const telemetry::trace_context& trace,
                                 time_point now) {
  const auto found = std::find(outcomes.begin(), outcomes.end(), outcome);
  calls_[static_cast<std::size_t>(found - outcomes.begin())]->increment();
  durations_.observe(std::chrono::duration<double>(elapsed).count(), trace, now);
}

}  // namespace cohort::redis

// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/client_metrics.hpp>

#include <array>
#include <string_view>

namespace cohort::redis {
namespace {

constexpr std::array<std::string_view, 9> outcomes{"ok",      "error_reply", "invalid",  "shed",     "connect",
                                                   "timeout", "reset",       "protocol", "cancelled"};

}  // namespace

client_metrics::client_metrics(telemetry::registry& registry, const std::string& upstream)
    : calls(registry,
            {.prefix = "cohort_redis",
             .in_flight_help = "Redis calls in flight, including waiting calls.",
             .requests_help = "Redis calls, by outcome.",
             .duration_help = "Duration of a Redis call, in seconds.",
             .outcomes = outcomes},
            upstream),
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
          registry.make_counter("cohort_redis_messages_total", "", {{"upstream", upstream}, {"result", "dropped"}})) {}

}  // namespace cohort::redis

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <cohort/json/description/constraints.hpp>

namespace cohort::dashboard {

/// The fault that an experiment injects into the weather service, and the deadline of its first aggregate.
struct experiment_settings {
  /// Delay of each request to the weather service, in milliseconds.
  std::int64_t latency_ms = 3000;
  /// Percentage of requests to the weather service whose response is 500.
  std::int64_t error_percent = 0;
  /// Timeout of each call of the aggregate with deadlines, in milliseconds.
  std::int64_t deadline_ms = 2000;
};

BOOST_DESCRIBE_STRUCT(experiment_settings, (), (latency_ms, error_percent, deadline_ms))
constexpr auto constraints(json::type<experiment_settings>) {
  return json::constrain(json::member(&experiment_settings::latency_ms, {.min = 0, .max = 10'000, .fallback = 3000}),
                         json::member(&experiment_settings::error_percent, {.min = 0, .max = 100, .fallback = 0}),
                         json::member(&experiment_settings::deadline_ms, {.min = 50, .max = 10'000, .fallback = 2000}));
}

}  // namespace cohort::dashboard

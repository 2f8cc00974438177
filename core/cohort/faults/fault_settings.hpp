// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cohort/json/description/constraints.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::faults {

/// The faults to inject into a service. By default no fault is set.
struct fault_settings {
  /// Delay before the handler of each request, in milliseconds.
  std::int64_t latency_ms = 0;
  /// Percentage of requests that fail with 500.
  std::int64_t error_percent = 0;
  /// Percentage of requests without a response.
  std::int64_t hang_percent = 0;
  /// Resident memory to hold, in MiB.
  std::int64_t memory_mb = 0;
  /// Percentage of each loop's time to spend in a busy loop.
  std::int64_t cpu_percent = 0;
  /// Duration in seconds, after which the injection ends.
  std::int64_t seconds = 600;

  /// Whether any fault is set.
  bool has_faults() const noexcept { return latency_ms + error_percent + hang_percent + memory_mb + cpu_percent > 0; }
};

BOOST_DESCRIBE_STRUCT(fault_settings, (), (latency_ms, error_percent, hang_percent, memory_mb, cpu_percent, seconds))
constexpr auto constraints(json::type<fault_settings>) {
  return json::constrain(json::member(&fault_settings::latency_ms, {.min = 0, .max = 60'000, .fallback = 0}),
                         json::member(&fault_settings::error_percent, {.min = 0, .max = 100, .fallback = 0}),
                         json::member(&fault_settings::hang_percent, {.min = 0, .max = 100, .fallback = 0}),
                         json::member(&fault_settings::memory_mb, {.min = 0, .max = 4096, .fallback = 0}),
                         // Below 100, so that the loop can process the request that ends the injection.
                         json::member(&fault_settings::cpu_percent, {.min = 0, .max = 95, .fallback = 0}),
                         json::member(&fault_settings::seconds, {.min = 1, .max = 3600, .fallback = 600}));
}

/// `{"active":…,"latency_ms":…,…,"cpu_percent":…,"remaining_seconds":…}`, with the remaining time rounded up to
/// seconds; 0 if no fault is set.
std::string to_json(const fault_settings& settings, duration remaining_time);

}  // namespace cohort::faults

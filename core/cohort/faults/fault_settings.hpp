// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::faults {

/// The faults to inject into a service. Default: none.
struct fault_settings {
  /// Delay before the handler of each request, in milliseconds.
  std::int64_t latency_ms = 0;
  /// Percentage of requests whose response is 500.
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
  bool any() const noexcept { return latency_ms + error_percent + hang_percent + memory_mb + cpu_percent > 0; }
};

/// Parses a JSON object whose members are named as the members of `fault_settings`; absent ones have their default. The
/// error is a message that names the field, its value and the accepted values.
result<fault_settings, std::string> parse_fault_settings(std::string_view json);

/// `{"active":…,"latency_ms":…,…,"cpu_percent":…,"remaining_seconds":…}`, with the remaining time rounded up to
/// seconds; 0 if no fault is set.
std::string to_json(const fault_settings& settings, duration remaining_time);

}  // namespace cohort::faults

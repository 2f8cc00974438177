#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/runtime/clock.hpp"
#include "core/runtime/task.hpp"

namespace cohort::service {

/// What a service does wrong on purpose, for demonstrations and tests; by default nothing.
struct faults {
  /// How long a request waits before its handler begins.
  std::int64_t latency_ms = 0;
  /// How many of a hundred requests are answered with 500.
  std::int64_t error_percent = 0;
  /// How many of a hundred requests get no answer.
  std::int64_t hang_percent = 0;
  /// MiB that are held, and resident.
  std::int64_t memory_mb = 0;
  /// Of each loop's time.
  std::int64_t cpu_percent = 0;
  /// All of it ends by itself after so long, so that nobody forgets it.
  std::int64_t seconds = 600;

  bool any() const noexcept { return latency_ms + error_percent + hang_percent + memory_mb + cpu_percent > 0; }
};

/// Of a JSON object with these names; what it leaves out is as by default. The error is a sentence for whoever wrote
/// it: the field, what it was and what it may be.
result<faults, std::string> read_faults(std::string_view json);

/// `{"active":…,"latency_ms":…,…,"cpu_percent":…,"remaining_seconds":…}`; seconds are rounded up, and 0 if nothing is
/// on.
std::string describe(const faults& which, duration remaining);

}  // namespace cohort::service

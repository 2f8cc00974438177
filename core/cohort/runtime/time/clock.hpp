// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace cohort {

/// A duration in nanoseconds.
using duration = std::chrono::nanoseconds;
/// The number of seconds in `span`, with fractions.
constexpr double to_seconds(duration span) noexcept { return std::chrono::duration<double>(span).count(); }
/// The number of milliseconds in `span`, with fractions.
constexpr double to_milliseconds(duration span) noexcept {
  return std::chrono::duration<double, std::milli>(span).count();
}
/// A time of the monotonic clock, for deadlines and for measuring durations.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
/// A time of the wall clock (UTC), for output such as log lines, header fields and JSON.
using wall_time = std::chrono::time_point<std::chrono::system_clock, duration>;

/// Source of time. Cohort reads the time only from the clock of a loop, which `virtual_time` replaces in tests.
/// Implementations must be safe to call from any thread, unless they document otherwise.
class clock {
 public:
  virtual ~clock() = default;
  /// The current monotonic time.
  virtual time_point now() const noexcept = 0;
  /// The current wall-clock time. The time can jump in both directions when the system clock is set.
  virtual wall_time wall_now() const noexcept = 0;
  /// True if the time advances automatically. If false, the clock's owner must advance the loop's timers
  /// (`timer_wheel::advance`).
  virtual bool is_real_time() const noexcept = 0;
};

/// The system's clocks (CLOCK_MONOTONIC and CLOCK_REALTIME). Safe to use from any thread.
const clock& real_clock() noexcept;

}  // namespace cohort

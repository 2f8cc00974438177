#pragma once

#include <chrono>

namespace cohort {

using duration = std::chrono::nanoseconds;
/// A moment that only measures distances: for deadlines and durations.
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
/// A moment of the calendar: for what people and other programs read.
using wall_time = std::chrono::time_point<std::chrono::system_clock, duration>;

/// Where all time comes from; `virtual_time` puts another one in its place.
class clock {
 public:
  virtual ~clock() = default;
  virtual time_point now() const noexcept = 0;
  virtual wall_time wall_now() const noexcept = 0;
  /// Whether time passes by itself. If not, whoever owns the clock also drives the loop's timers.
  virtual bool runs_by_itself() const noexcept = 0;
};

/// The machine's own clock.
const clock& machine_clock() noexcept;

}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Distinguishes a burst, whose requests a server can complete with some delay, from overload, which requires load
/// shedding. In both cases, the age of the queue exceeds `delay`. The allowance is the additional age that is
/// tolerated, at most `max_burst`. Overload exhausts the allowance. The allowance grows by a quarter of the time with
/// an empty queue. The class is a state machine without I/O and without a clock. Not thread-safe.
class burst_allowance {
 public:
  struct settings {
    duration delay = std::chrono::milliseconds{100};
    duration max_burst = std::chrono::milliseconds{400};
  };

  explicit burst_allowance(settings config) noexcept : settings_(config), remaining_(config.max_burst) {}

  /// Returns whether the age of the queue indicates overload. `queue_age` is the time since the queue was last empty;
  /// zero if it is empty at `now`. `now` must not decrease between calls.
  bool is_overload(duration queue_age, time_point now) noexcept;

 private:
  settings settings_;
  /// The current allowance.
  duration remaining_;
  /// The age of the queue at the last call, and the part of it that has been subtracted from the allowance.
  duration last_queue_age_{};
  duration charged_time_{};
  time_point last_call_time_{};
};

}  // namespace cohort::policy

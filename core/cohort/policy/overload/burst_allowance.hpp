// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Distinguishes a burst, which a server can serve late, from overload, which it must shed. Both make a queue that
/// stands for longer than `delay`. A queue may stand for `max_burst` longer; overload exhausts this allowance, which
/// grows again by a quarter of the time without a queue. A state machine without I/O or clock. Not thread-safe.
class burst_allowance {
 public:
  struct settings {
    duration delay = std::chrono::milliseconds{100};
    duration max_burst = std::chrono::milliseconds{400};
  };

  explicit burst_allowance(settings config) noexcept : settings_(config), remaining_(config.max_burst) {}

  /// Whether a queue that has stood for `standing` until `now`, zero if there is none, shows overload. `now` must not
  /// decrease from call to call.
  bool is_overload(duration standing, time_point now) noexcept;

 private:
  settings settings_;
  /// The time in excess of `delay` for which a queue may still stand.
  duration remaining_;
  /// The queue at the last call: the time for which it had stood, and the part of it that the allowance has paid for.
  duration last_queue_age_{};
  duration charged_time_{};
  time_point last_call_{};
};

}  // namespace cohort::policy

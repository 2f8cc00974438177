// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

class loop;

/// Measures a loop's lag: the time that ready handlers wait until they run. Used for admission control.
///
/// A loop runs its ready handlers in order. The first measurement of an iteration posts a marker after all handlers
/// that are ready then; the iteration ends when the marker runs. All member functions must be called on the monitored
/// loop.
class loop_lag_monitor {
 public:
  /// The loop counts as lagging from the end of an iteration longer than `threshold` until an iteration of at most
  /// `threshold`, or a pause of more than `threshold` between two iterations. `loop` must outlive the monitor.
  explicit loop_lag_monitor(loop& loop, duration threshold = std::chrono::milliseconds{10});

  /// The time since the current iteration began; zero for the first measurement of an iteration.
  duration current_lag();

  /// The time since the loop began to lag, measured by completed iterations; zero if it does not lag. Precondition:
  /// `current_lag` was called in this iteration.
  duration lagging_duration() const noexcept;

 private:
  struct iteration_state {
    duration threshold;
    bool running = false;
    bool lagging = false;
    time_point start_time{};
    time_point ended{};
    time_point lagging_since{};

    void begin(time_point now) noexcept;
    void end(time_point now) noexcept;
  };

  loop& loop_;
  /// Shared with the marker, which can run after the monitor is destroyed.
  std::shared_ptr<iteration_state> state_;
};

}  // namespace cohort

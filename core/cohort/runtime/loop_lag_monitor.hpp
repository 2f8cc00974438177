// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

class loop;

namespace detail {
class timer_descriptor;
}

/// Measures a loop's lag: the time for which ready handlers wait until they run. Admission control rejects requests if
/// the lag is long.
///
/// A loop runs its ready handlers in order. The first measurement of an iteration sets a marker behind all handlers
/// that are ready then; the iteration ends when the marker runs. After a short iteration, the marker is a posted
/// handler. A loop takes at most 128 events from the kernel at a time, so most events of an overloaded loop are still
/// in the kernel. After an iteration of at least 1 ms, the marker is therefore an event in the kernel, behind the
/// events of all sockets that are ready then. The event costs one system call. All member functions must be called on
/// the monitored loop.
class loop_lag_monitor {
 public:
  /// The loop counts as lagging from the end of an iteration longer than `threshold` until an iteration of at most
  /// `threshold`, or a pause of more than `threshold` between two iterations. `loop` must outlive the monitor. Throws
  /// `boost::system::system_error` if a loop with a real-time clock has no free file descriptor.
  explicit loop_lag_monitor(loop& loop, duration threshold = std::chrono::milliseconds{10});
  ~loop_lag_monitor();
  loop_lag_monitor(const loop_lag_monitor&) = delete;
  loop_lag_monitor& operator=(const loop_lag_monitor&) = delete;

  /// The time since the start of the current iteration; zero for the first measurement of an iteration.
  duration current_lag();

  /// The time since the loop started to lag, measured by completed iterations; zero if it does not lag. Precondition:
  /// `current_lag` was called in this iteration.
  duration lagging_duration() const noexcept;

 private:
  struct iteration_state {
    duration threshold;
    bool is_running = false;
    bool is_lagging = false;
    time_point start_time{};
    time_point end_time{};
    time_point lag_start_time{};

    void begin(time_point now) noexcept;
    void end(time_point now) noexcept;
  };
  void set_marker(duration last_iteration_duration, time_point now);

  loop& loop_;
  /// Shared with the marker, which can run after the monitor is destroyed.
  std::shared_ptr<iteration_state> state_;
  /// A timer that expires immediately when it is set, which causes an event in the kernel. Null with a virtual clock,
  /// whose loops do not wait for the kernel.
  std::unique_ptr<detail::timer_descriptor> kernel_marker_;
};

}  // namespace cohort

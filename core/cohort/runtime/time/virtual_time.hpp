// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort {

/// Runs further loops on the clock of a `virtual_time`, such as the simulated processors of `cohort::sim`.
class virtual_loop_scheduler {
 public:
  virtual ~virtual_loop_scheduler() = default;
  /// Runs the handlers that are ready and the timers that have expired. Returns false if there were none.
  virtual bool run_ready() = 0;
  /// The time of the next necessary call of `run_ready`; `time_point::max()` if there is none.
  virtual time_point next_wakeup() = 0;
};

/// A loop with a virtual clock, for tests and simulations. When no handler is ready, the time advances directly to the
/// next timer. Runs are therefore deterministic, and waits take no real time. All uses must be on one thread.
class virtual_time {
 public:
  /// `seed` seeds the loop's random number generator. `start` is the initial wall-clock time; the default is fixed
  /// (2026-06-01 12:00 UTC), so that runs are reproducible.
  explicit virtual_time(std::uint64_t seed = 1,
                        wall_time start = wall_time{std::chrono::sys_days{std::chrono::June / 1 / 2026} +
                                                    std::chrono::hours{12}});

  loop& event_loop() noexcept { return loop_; }
  const clock& time_source() const noexcept { return clock_; }
  /// `scheduler` runs further loops whenever this loop has no ready handler. `scheduler` must outlive all later calls.
  void set_scheduler(virtual_loop_scheduler& scheduler) noexcept { scheduler_ = &scheduler; }
  time_point now() const noexcept { return clock_.now(); }

  /// Runs `work` until it ends, and returns its value or rethrows its exception. If no handler is ready and no timer is
  /// armed before `work` has ended, `work` is cancelled and `std::logic_error` is thrown.
  template <class T>
  T run(task<T> work) {
    detail::child_task<T> child;
    const auto start = [&](std::function<void()> on_done) {
      detail::start_child_task(child, std::move(work), std::move(on_done));
    };
    run_to_end(start, child.cancel_signal);
    if (child.outcome.failure) std::rethrow_exception(child.outcome.failure);
    if constexpr (!std::is_void_v<T>) return std::move(*child.outcome.value);
  }

  /// Runs the handlers and timers of the next `span`, and advances the time by `span`.
  void run_for(duration span);
  /// Runs until no handler is ready and no timer is armed.
  void run_until_idle();
  /// Adjusts the wall clock, as an administrator or NTP does. Monotonic time and deadlines are unaffected.
  void step_wall_clock(duration shift) noexcept { clock_.wall_offset += shift; }

 private:
  struct virtual_clock final : clock {
    time_point now() const noexcept override { return current; }
    wall_time wall_now() const noexcept override { return wall_time{current.time_since_epoch() + wall_offset}; }
    bool is_real_time() const noexcept override { return false; }

    time_point current{std::chrono::hours{1}};
    duration wall_offset{};
  };

  /// Implements `run`: calls `start`, which starts the task, and runs the loop until the task has ended.
  void run_to_end(const std::function<void(std::function<void()> on_done)>& start,
                  asio::cancellation_signal& cancel_signal);
  /// Runs all handlers that are ready, on all loops.
  void run_ready();
  /// Runs handlers and timers until `condition()` is true. Returns false if all handlers and timers have run before
  /// that.
  bool run_until(const std::function<bool()>& condition);
  /// Advances the time to the next timer. Returns false if no timer expires at or before `limit`.
  bool step_to_next_timer(time_point limit);

  virtual_clock clock_;
  loop loop_;
  virtual_loop_scheduler* scheduler_ = nullptr;
};

}  // namespace cohort

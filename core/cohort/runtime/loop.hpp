// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/asio_config.hpp>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <cohort/runtime/activity.hpp>
#include <cohort/runtime/random.hpp>
#include <cohort/runtime/single_writer_counter.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/runtime/time/timer_wheel.hpp>

namespace cohort {

/// Event loop of one thread, with its clock, timers and random number generator. Objects that belong to a loop must be
/// used on its thread only; other threads submit work with `asio::post(loop.get_executor(), …)`.
class loop {
 public:
  /// `time_source` must outlive the loop. `index` is the loop's position in its `runtime`.
  explicit loop(const clock& time_source = real_clock(), std::size_t index = 0, std::uint64_t seed = system_seed());
  /// Destroys the coroutines that are still suspended on the loop.
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  asio::io_context& context() noexcept { return context_; }
  executor get_executor() noexcept { return context_.get_executor(); }
  const clock& time_source() const noexcept { return clock_; }
  time_point now() const noexcept { return clock_.now(); }
  wall_time wall_now() const noexcept { return clock_.wall_now(); }
  timer_wheel& timers() noexcept { return timers_; }
  const timer_wheel& timers() const noexcept { return timers_; }
  random_generator& random() noexcept { return random_; }
  /// The number of running tasks in this loop's task groups. Readable from any thread.
  single_writer_counter& task_counter() noexcept { return task_counter_; }
  const single_writer_counter& task_counter() const noexcept { return task_counter_; }
  /// The activity of the coroutine that the loop runs, or ran last; null if it has none. Readable from any thread.
  activity* current_activity() const noexcept { return current_activity_.load(std::memory_order_relaxed); }
  /// Records that the loop starts to run a coroutine or another handler with this activity; null if it has none.
  void enter_activity(activity* activity) noexcept {
    current_activity_.store(activity, std::memory_order_relaxed);
    activity_sequence_.increment();
  }
  /// A counter that is incremented whenever the loop starts to run a coroutine or a timer callback. Readable from any
  /// thread.
  std::size_t activity_sequence() const noexcept { return activity_sequence_.value(); }
  activity_list& activities() noexcept { return activities_; }
  /// The loop's position in its `runtime`, from zero.
  std::size_t index() const noexcept { return index_; }

  /// Runs handlers on the calling thread until `stop`, and waits when none is ready. Precondition: the clock is a
  /// real-time clock.
  void run();
  /// Runs the handlers that are ready, without waiting and without advancing the timers. Returns their number.
  std::size_t poll();
  /// Makes `run` return as soon as possible. Safe from any thread.
  void stop() noexcept { context_.stop(); }

  /// The loop that the calling thread runs. Aborts the program with a message if the thread runs no loop.
  static loop& current() noexcept;
  /// Like `current`, but returns null if the calling thread runs no loop.
  static loop* current_or_null() noexcept;

 private:
  class current_loop_scope;
  struct wakeup_timer;
  void schedule_wakeup(time_point time);
  void on_wakeup();

  const clock& clock_;
  std::atomic<activity*> current_activity_{nullptr};
  single_writer_counter activity_sequence_;
  /// Declared before the context: coroutines that are destroyed with the context release their activities.
  activity_list activities_;
  /// Declared before the context: coroutines that are destroyed with the context disarm their timers.
  timer_wheel timers_;
  asio::io_context context_{1};
  /// Null with a virtual clock: the timer requires Asio's reactor, which costs a system call for each `poll`.
  std::unique_ptr<wakeup_timer> wakeup_timer_;
  time_point scheduled_wakeup_ = time_point::max();
  std::size_t index_;
  random_generator random_;
  single_writer_counter task_counter_;
};

/// The remaining time until `expiry`, by the current loop's clock: zero once `expiry` has passed, `duration::max()` for
/// `deadline::never()`.
inline duration remaining(deadline expiry) noexcept { return expiry.remaining(loop::current().now()); }

}  // namespace cohort

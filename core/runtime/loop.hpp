#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <optional>

#include "core/runtime/clock.hpp"
#include "core/runtime/deadline.hpp"
#include "core/runtime/published_count.hpp"
#include "core/runtime/random.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/timer_wheel.hpp"

namespace cohort {

/// One thread's event loop: its ready queue, its clock, its timers. What lives on a loop is touched from its thread
/// only; another thread hands work over with `asio::post(loop.get_executor(), …)`.
class loop {
 public:
  explicit loop(const clock& source = machine_clock(), std::size_t index = 0, std::uint64_t seed = system_seed());
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  asio::io_context& context() noexcept { return context_; }
  executor get_executor() noexcept { return context_.get_executor(); }
  const clock& time_source() const noexcept { return clock_; }
  time_point now() const noexcept { return clock_.now(); }
  wall_time wall_now() const noexcept { return clock_.wall_now(); }
  timer_wheel& timers() noexcept { return timers_; }
  const timer_wheel& timers() const noexcept { return timers_; }
  random_source& random() noexcept { return random_; }
  /// Children of the task groups that live here.
  published_count& tasks() noexcept { return tasks_; }
  const published_count& tasks() const noexcept { return tasks_; }
  /// Its place among the runtime's loops, from zero.
  std::size_t index() const noexcept { return index_; }

  /// Works until `stop`. For a clock that runs by itself.
  void run();
  /// Runs what is ready, without waiting and without moving time; says how many steps that were.
  std::size_t poll();
  /// Safe from any thread.
  void stop() noexcept { context_.stop(); }

  /// The loop that this thread is running. There must be one.
  static loop& current() noexcept;
  static loop* current_or_null() noexcept;

 private:
  class on_this_thread;
  void wake_at(time_point due);
  void on_wake();

  const clock& clock_;
  /// Before the context: the coroutines that go down with that hold timers.
  timer_wheel timers_;
  asio::io_context context_{1};
  /// Only where time passes by itself: with it comes the reactor, and a system call at each `poll`.
  std::optional<asio::steady_timer> waker_;
  time_point wakes_at_ = time_point::max();
  std::size_t index_;
  random_source random_;
  published_count tasks_;
};

/// What is left until `d`, by this loop's clock.
inline duration remaining(deadline d) noexcept { return d.remaining(loop::current().now()); }

}  // namespace cohort

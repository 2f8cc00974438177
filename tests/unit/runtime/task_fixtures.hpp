// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

// Sample tasks for tests.
namespace cohort::test {

using namespace std::chrono_literals;

using log_lines = std::vector<std::string>;

/// The resolution of the timer wheel: a timer expires at most one tick late.
constexpr duration tick{1 << 14};

inline task<int> return_now(int value) { co_return value; }

inline task<int> return_after(duration span, int value) {
  co_await sleep_for(span);
  co_return value;
}

inline task<> log_after(duration span, log_lines& log, std::string line) {
  co_await sleep_for(span);
  log.push_back(std::move(line));
}

inline task<int> throw_after(duration span, std::string message) {
  co_await sleep_for(span);
  throw std::runtime_error(message);
}

inline task<int> throw_now(std::string message) {
  throw std::runtime_error(message);
  co_return 0;
}

/// Sleeps and logs how the sleep ended: "<name> slept" or "<name> cancelled".
inline task<int> log_sleep(duration span, log_lines& log, std::string name) {
  const auto status = co_await sleep_for(span);
  log.push_back(name + (status == wait_status::cancelled ? " cancelled" : " slept"));
  co_return 0;
}

/// Sleeps for all of `span`, even if it is cancelled, and then logs it.
inline task<int> ignore_cancellation(duration span, int value, log_lines& log) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto end = deadline::after(loop::current().now(), span);
  while (co_await sleep_until(end) != wait_status::timed_out) {
  }
  log.push_back("ended despite cancellation");
  co_return value;
}

/// A task that runs concurrently with the test code, which can observe and cancel it.
template <class T = void>
class spawned_task {
 public:
  spawned_task(virtual_time& time, task<T> work) : time_(time) {
    asio::post(time_.event_loop().get_executor(), [this, work = std::move(work)]() mutable {
      detail::start_child_task(child_, std::move(work), [this] { ended_ = true; });
    });
    run_ready_handlers();
  }
  spawned_task(const spawned_task&) = delete;
  spawned_task& operator=(const spawned_task&) = delete;

  void cancel() {
    asio::post(time_.event_loop().get_executor(), [this] { detail::cancel(child_.cancel_signal); });
    run_ready_handlers();
  }
  /// `cancel` for callers that run on the loop.
  void cancel_from_within() { detail::cancel(child_.cancel_signal); }
  bool ended() const { return ended_; }
  bool ended_by_cancellation() const { return ended_ && is_cancellation(child_.outcome.failure); }
  const detail::task_outcome<T>& outcome() const { return child_.outcome; }

 private:
  void run_ready_handlers() { time_.run_for(0s); }

  virtual_time& time_;
  detail::child_task<T> child_;
  bool ended_ = false;
};

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/post.hpp>
#include <utility>

#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::testing {

/// A task that runs concurrently with the test code, which can observe and cancel it. The task runs while the test
/// advances virtual time, and must have ended before this object is destroyed.
template <class T = void>
class spawned_task {
 public:
  spawned_task(virtual_time& time, task<T> work) : time_(time) {
    asio::post(time_.event_loop().get_executor(), [this, work = std::move(work)]() mutable {
      detail::start_child_task(child_, std::move(work), [this] { has_ended_ = true; });
    });
    run_ready_handlers();
  }
  spawned_task(const spawned_task&) = delete;
  spawned_task& operator=(const spawned_task&) = delete;

  void cancel() {
    asio::post(time_.event_loop().get_executor(), [this] { detail::cancel(child_.cancel_signal); });
    run_ready_handlers();
  }
  /// Like `cancel`, but for callers that run on the loop.
  void cancel_on_loop() { detail::cancel(child_.cancel_signal); }
  bool ended() const { return has_ended_; }
  bool ended_by_cancellation() const { return has_ended_ && is_cancellation(child_.outcome.failure); }
  /// The value or the exception. Precondition: `ended()`.
  const detail::task_outcome<T>& outcome() const { return child_.outcome; }

 private:
  void run_ready_handlers() { time_.run_for(duration::zero()); }

  virtual_time& time_;
  detail::child_task<T> child_;
  bool has_ended_ = false;
};

}  // namespace cohort::testing

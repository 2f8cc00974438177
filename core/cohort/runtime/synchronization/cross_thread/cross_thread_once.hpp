// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

/// Asynchronous one-time initialization for the coroutines of all loops, such as a lazy connection that they share.
/// Thread-safe; must outlive its calls.
class cross_thread_once {
 public:
  cross_thread_once() : queue_(&is_done_) {}
  cross_thread_once(const cross_thread_once&) = delete;
  cross_thread_once& operator=(const cross_thread_once&) = delete;

  /// If true, all writes of the initialization are visible to the caller. Safe from any thread.
  bool is_done() const noexcept { return is_done_.load(std::memory_order_acquire); }

  /// Runs the task that `initialize` returns, on the caller's loop, unless an earlier task has completed; waits while
  /// another caller runs it, on any loop. An exception or cancellation of the task affects only the caller that runs
  /// it, and the next waiting caller runs `initialize`. Errors: `asio::error::timed_out` at `wait_deadline` (it limits
  /// only the wait, not the task), `operation_aborted` if the coroutine is cancelled while it waits. Can be called on
  /// any loop.
  template <class Function>
  task<result<void>> call(deadline wait_deadline, Function initialize) {
    if (is_done()) co_return result<void>{};
    auto acquire_task = queue_.acquire({}, wait_deadline);
    const auto status = co_await std::move(acquire_task);
    if (status != wait_status::notified) co_return detail::wait_error(status);
    if (is_done()) co_return result<void>{};
    // Resumes all waiting callers after a success. After a failure, resumes the first of them, which runs `initialize`.
    const detail::scope_guard run_end_guard{[&] { queue_.release({}); }};
    task<> work = initialize();
    co_await std::move(work);
    is_done_.store(true, std::memory_order_release);
    co_return result<void>{};
  }

 private:
  struct state {
    struct request {};
    bool can_grant(request) const noexcept { return !is_running || *is_done; }
    void grant(request) noexcept { is_running = true; }
    void release(request) noexcept { is_running = false; }
    std::atomic<bool>* is_done;
    bool is_running = false;
  };

  std::atomic<bool> is_done_{false};
  detail::cross_thread_queue<state> queue_;
};

}  // namespace cohort

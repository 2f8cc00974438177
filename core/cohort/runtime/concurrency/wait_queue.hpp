// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort {

/// The result of a wait.
enum class wait_status { notified, timed_out, cancelled };

class wait_queue;

namespace detail {
class waiter;
/// If `queue` is null, only a timeout or a cancellation ends the wait.
void start_waiting(wait_queue* queue, deadline wait_deadline, completion_handler<wait_status> handler);
}  // namespace detail

/// FIFO queue of suspended coroutines, on which the other synchronization primitives are built. All uses must be on one
/// loop. The destructor resumes the remaining waiters with `cancelled`.
class wait_queue {
 public:
  wait_queue() noexcept = default;
  wait_queue(const wait_queue&) = delete;
  wait_queue& operator=(const wait_queue&) = delete;
  ~wait_queue();

  /// Returns an awaitable for a `wait_status`: `timed_out` at `wait_deadline`, `cancelled` if the coroutine is
  /// cancelled or the queue destroyed.
  auto wait(deadline wait_deadline = deadline::never()) {
    return async_operation<wait_status>([this, wait_deadline](completion_handler<wait_status> handler) {
      detail::start_waiting(this, wait_deadline, std::move(handler));
    });
  }

  /// Resumes the coroutine that has waited longest, from the loop's queue. Returns false if no coroutine waits.
  bool notify_one();
  /// Resumes all current waiters.
  void notify_all();
  bool empty() const noexcept { return first_ == nullptr; }

 private:
  friend class detail::waiter;

  detail::waiter* first_ = nullptr;
  detail::waiter* last_ = nullptr;
};

/// Returns an awaitable for a `wait_status`: `timed_out` at `wait_deadline` (immediately if that has passed), or
/// `cancelled` if the coroutine is cancelled, for example at the deadline of its request. The coroutine continues in
/// both cases, so a handler that ignores the status sends its response too early. Suspends only the calling coroutine;
/// the loop continues to run other handlers.
inline auto sleep_until(deadline wait_deadline) {
  return async_operation<wait_status>([wait_deadline](completion_handler<wait_status> handler) {
    detail::start_waiting(nullptr, wait_deadline, std::move(handler));
  });
}

/// Like `sleep_until`, but for a time relative to the call.
inline auto sleep_for(duration span) { return sleep_until(deadline::after(loop::current().now(), span)); }

/// Manual-reset event for the coroutines of one loop. All uses must be on that loop.
class event {
 public:
  bool is_set() const noexcept { return is_set_; }
  /// Resumes all waiters. The event stays set until `reset`.
  void set() {
    is_set_ = true;
    waiters_.notify_all();
  }
  void reset() noexcept { is_set_ = false; }

  /// Returns `notified` (immediately if the event is set), `timed_out` at `wait_deadline`, or `cancelled`.
  task<wait_status> wait(deadline wait_deadline = deadline::never()) {
    if (is_set_) co_return wait_status::notified;
    co_return co_await waiters_.wait(wait_deadline);
  }

 private:
  wait_queue waiters_;
  bool is_set_ = false;
};

}  // namespace cohort

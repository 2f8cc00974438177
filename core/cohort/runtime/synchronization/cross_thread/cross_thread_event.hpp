// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_waiters.hpp>

namespace cohort {

/// Manual-reset event that coroutines of any loop wait for and any thread sets. Shared ownership: the waiting side and
/// the setting side may release it in either order.
class cross_thread_event {
 public:
  static std::shared_ptr<cross_thread_event> make() {
    return std::shared_ptr<cross_thread_event>(new cross_thread_event);
  }
  cross_thread_event(const cross_thread_event&) = delete;
  cross_thread_event& operator=(const cross_thread_event&) = delete;

  /// Resumes all waiters, each on its loop. The event stays set until `reset`. Safe from any thread, including one
  /// without a loop. Writes before this call are visible to the coroutines that it resumes.
  void set() {
    const std::lock_guard lock{mutex_};
    is_set_ = true;
    while (!waiting_.empty()) waiting_.grant_front();
  }
  void reset() {
    const std::lock_guard lock{mutex_};
    is_set_ = false;
  }
  bool is_set() const {
    const std::lock_guard lock{mutex_};
    return is_set_;
  }

  /// Returns `notified` (immediately if the event is set), `timed_out` at `wait_deadline`, or `cancelled`. Can be
  /// called on any loop. The caller must hold a reference while it waits.
  task<wait_status> wait(deadline wait_deadline) {
    auto waiter = enter();
    if (!waiter) co_return wait_status::notified;
    detail::unless_dismissed remove_on_exception{[&] { remove(waiter); }};
    const auto status = co_await waiter->wakeup.wait(wait_deadline);
    remove_on_exception.dismiss();
    co_return remove(waiter) ? wait_status::notified : status;
  }

 private:
  using waiters = detail::cross_thread_waiters<detail::cross_thread_waiter>;
  cross_thread_event() = default;

  waiters::pointer enter() {
    const std::lock_guard lock{mutex_};
    if (is_set_) return nullptr;
    auto waiter = std::make_shared<detail::cross_thread_waiter>();
    waiting_.add(waiter);
    return waiter;
  }
  bool remove(const waiters::pointer& waiter) {
    const std::lock_guard lock{mutex_};
    return waiting_.remove(waiter);
  }

  mutable std::mutex mutex_;
  waiters waiting_;
  bool is_set_ = false;
};

}  // namespace cohort

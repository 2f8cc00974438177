// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort::detail {

/// A coroutine that waits for another thread. Until the request is granted, the mutex of the primitive guards the
/// members of derived types.
struct cross_thread_waiter {
  loop& owner = loop::current();
  /// Must be used on the loop `owner` only.
  wait_queue wakeup;
  bool is_granted = false;
};

/// FIFO list of waiters of several loops. All member functions must be called under the primitive's mutex.
template <class Waiter>
class cross_thread_waiters {
 public:
  using pointer = std::shared_ptr<Waiter>;

  bool empty() const noexcept { return waiters_.empty(); }
  void add(pointer waiter) { waiters_.push_back(std::move(waiter)); }
  Waiter& front() noexcept { return *waiters_.front(); }
  /// Removes the first waiter and wakes its loop. Must run under the mutex, because the loop can be destroyed once
  /// `remove` has returned.
  void grant_front() {
    auto waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter->is_granted = true;
    const auto target = waiter->owner.get_executor();
    asio::post(target, [waiter = std::move(waiter)] { waiter->wakeup.notify_one(); });
  }
  /// Ends a wait, on the waiter's loop. Returns whether the request was granted, even if the wait has timed out or been
  /// cancelled.
  bool remove(const pointer& waiter) {
    if (!waiter->is_granted) waiters_.remove(waiter);
    return waiter->is_granted;
  }

 private:
  std::list<pointer> waiters_;
};

/// Scope guard: the destructor calls a function unless `dismiss` was called.
template <class Function>
class scope_guard {
 public:
  explicit scope_guard(Function function) : function_(std::move(function)) {}
  ~scope_guard() {
    if (is_armed_) function_();
  }
  scope_guard(const scope_guard&) = delete;
  scope_guard& operator=(const scope_guard&) = delete;
  void dismiss() noexcept { is_armed_ = false; }

 private:
  Function function_;
  bool is_armed_ = true;
};

}  // namespace cohort::detail

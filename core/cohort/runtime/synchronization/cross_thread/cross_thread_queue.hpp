// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_waiters.hpp>

namespace cohort::detail {

/// A resource, such as permits, and the FIFO queue of the coroutines of all loops that wait for it. Thread-safe; must
/// outlive its waits. `Resource` is a state machine, whose functions run under the mutex of the queue:
///
/// - `request`: the type of a request, which must be copyable
/// - `bool can_grant(request) const`
/// - `void grant(request)`: changes the state; called only after `can_grant` returned true
/// - `void release(request)`: reverses `grant`
template <class Resource>
class cross_thread_queue {
  struct waiter;

 public:
  using request = typename Resource::request;

  template <class... Arguments>
  explicit cross_thread_queue(Arguments... arguments) : resource_{std::move(arguments)...} {}
  cross_thread_queue(const cross_thread_queue&) = delete;
  cross_thread_queue& operator=(const cross_thread_queue&) = delete;

  /// The request of one coroutine, which keeps this object as a local variable. If `end` was not called, because the
  /// coroutine is destroyed or its wait throws, the destructor removes the request, or releases it if it was granted.
  class pending_request {
   public:
    pending_request(cross_thread_queue& owner, request requested) : owner_(owner), waiter_(owner.submit(requested)) {}
    ~pending_request() {
      if (waiter_ && owner_.withdraw(waiter_)) owner_.release(waiter_->requested);
    }
    pending_request(const pending_request&) = delete;
    pending_request& operator=(const pending_request&) = delete;

    /// Whether the request was granted without a wait.
    bool is_granted() const noexcept { return waiter_ == nullptr; }
    /// Returns an awaitable for a `wait_status`. The awaitable must be awaited once, unless the request is granted.
    auto wait(deadline wait_deadline) { return waiter_->wakeup.wait(wait_deadline); }
    /// Ends the wait. Returns whether the request was granted, even if the wait has timed out or been cancelled.
    bool end() { return owner_.withdraw(std::exchange(waiter_, nullptr)); }

   private:
    cross_thread_queue& owner_;
    std::shared_ptr<waiter> waiter_;
  };

  /// Returns `notified` once the request is granted, even if the wait has concurrently timed out or been cancelled;
  /// otherwise `timed_out` or `cancelled`. Can be called on any loop.
  task<wait_status> acquire(request requested, deadline wait_deadline) {
    pending_request pending{*this, requested};
    if (pending.is_granted()) co_return wait_status::notified;
    const auto status = co_await pending.wait(wait_deadline);
    co_return pending.end() ? wait_status::notified : status;
  }
  /// Returns false if the request cannot be granted without a wait. Safe from any thread.
  bool try_acquire(request requested) {
    const std::lock_guard lock{mutex_};
    return try_grant(requested);
  }
  /// Releases a granted request. Safe from any thread.
  void release(request granted_request) {
    update([&](Resource& resource) { resource.release(granted_request); });
  }
  /// Changes the resource, then grants the waiting requests that have become possible. Safe from any thread. The queue
  /// can be destroyed as soon as a coroutine that this call resumes has continued.
  template <class Change>
  void update(Change change) {
    const std::lock_guard lock{mutex_};
    change(resource_);
    grant_waiters();
  }
  /// Calls a function of the resource and returns its value. Safe from any thread.
  template <class Read>
  auto read(Read read) const {
    const std::lock_guard lock{mutex_};
    return read(resource_);
  }

 private:
  struct waiter : cross_thread_waiter {
    explicit waiter(request wait_request) : requested(wait_request) {}
    request requested;
  };

  bool try_grant(request requested) {
    if (!waiters_.empty() || !resource_.can_grant(requested)) return false;
    resource_.grant(requested);
    return true;
  }
  /// Grants the request, or adds it to the queue. Returns null if the request was granted.
  std::shared_ptr<waiter> submit(request requested) {
    const std::lock_guard lock{mutex_};
    if (try_grant(requested)) return nullptr;
    auto added = std::make_shared<waiter>(requested);
    waiters_.add(added);
    return added;
  }
  /// Ends the wait of a coroutine. Returns whether its request was granted.
  bool withdraw(const std::shared_ptr<waiter>& ended) {
    const std::lock_guard lock{mutex_};
    if (waiters_.remove(ended)) return true;
    // The removed request may have blocked later requests.
    grant_waiters();
    return false;
  }
  void grant_waiters() {
    while (!waiters_.empty() && resource_.can_grant(waiters_.front().requested)) {
      resource_.grant(waiters_.front().requested);
      waiters_.grant_front();
    }
  }

  mutable std::mutex mutex_;
  cross_thread_waiters<waiter> waiters_;
  Resource resource_;
};

}  // namespace cohort::detail

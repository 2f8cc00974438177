// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

class mutex;

/// Ownership of a `mutex`; the destructor releases it.
class [[nodiscard]] mutex_lock {
 public:
  mutex_lock(mutex_lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  mutex_lock& operator=(mutex_lock&& other) noexcept {
    unlock();
    owner_ = std::exchange(other.owner_, nullptr);
    return *this;
  }
  ~mutex_lock() { unlock(); }
  inline void unlock() noexcept;

 private:
  friend class mutex;
  explicit mutex_lock(mutex& owner) noexcept : owner_(&owner) {}
  mutex* owner_;
};

/// Mutex for the coroutines of one loop, which can be held across suspensions. Code between two `co_await`s does not
/// need a mutex. FIFO: `unlock` transfers the mutex to the coroutine that has waited longest. All uses must be on one
/// loop; the mutex must outlive its locks and waits.
class mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled. A free
  /// mutex is locked without suspension, even after the deadline.
  task<result<mutex_lock>> lock(deadline wait_deadline) {
    if (auto locked = try_lock()) co_return std::move(*locked);
    const auto status = co_await waiters_.wait(wait_deadline);
    if (status != wait_status::notified) co_return detail::wait_error(status);
    co_return mutex_lock{*this};
  }
  /// Returns an empty optional if the mutex is locked.
  std::optional<mutex_lock> try_lock() noexcept {
    if (is_locked_) return std::nullopt;
    is_locked_ = true;
    return mutex_lock{*this};
  }
  bool is_locked() const noexcept { return is_locked_; }

 private:
  friend class mutex_lock;
  /// The mutex remains locked if a waiting coroutine becomes its owner.
  void unlock() noexcept { is_locked_ = waiters_.notify_one(); }

  wait_queue waiters_;
  bool is_locked_ = false;
};

void mutex_lock::unlock() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->unlock();
}

}  // namespace cohort

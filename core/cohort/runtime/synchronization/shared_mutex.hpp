// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

class shared_mutex;

/// Shared or exclusive ownership of a `shared_mutex`; the destructor releases it.
class [[nodiscard]] shared_mutex_lock {
 public:
  shared_mutex_lock(shared_mutex_lock&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  shared_mutex_lock& operator=(shared_mutex_lock&& other) noexcept {
    unlock();
    owner_ = std::exchange(other.owner_, nullptr);
    return *this;
  }
  ~shared_mutex_lock() { unlock(); }
  inline void unlock() noexcept;

 private:
  friend class shared_mutex;
  explicit shared_mutex_lock(shared_mutex& owner) noexcept : owner_(&owner) {}
  shared_mutex* owner_;
};

/// Mutex with shared (readers) and exclusive (writer) ownership, for the coroutines of one loop. FIFO: a reader behind
/// a waiting writer also waits, so that neither readers nor writers starve. All uses must be on one loop; the mutex
/// must outlive its locks and waits.
class shared_mutex {
 public:
  shared_mutex() noexcept = default;
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  /// Waits for exclusive ownership. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the
  /// coroutine is cancelled.
  task<result<shared_mutex_lock>> lock(deadline wait_deadline) { return acquire(true, wait_deadline); }
  /// Waits for shared ownership. Errors as `lock`.
  task<result<shared_mutex_lock>> lock_shared(deadline wait_deadline) { return acquire(false, wait_deadline); }

  std::size_t reader_count() const noexcept { return reader_count_; }
  bool has_writer() const noexcept { return has_writer_; }

 private:
  friend class shared_mutex_lock;
  struct request : detail::wait_entry {
    request(wait_queue& wakeup, bool is_exclusive_request) noexcept
        : wait_entry(wakeup), is_exclusive(is_exclusive_request) {}
    bool is_exclusive;
  };

  task<result<shared_mutex_lock>> acquire(bool is_exclusive, deadline wait_deadline) {
    if (waiters_.empty() && can_own(is_exclusive)) {
      take_ownership(is_exclusive);
      co_return shared_mutex_lock{*this};
    }
    wait_queue wakeup;
    request waiter{wakeup, is_exclusive};
    waiters_.push_back(waiter);
    const auto status = co_await wakeup.wait(wait_deadline);
    if (status == wait_status::notified) co_return shared_mutex_lock{*this};
    waiter.unlink();
    // The removed request may have blocked later requests.
    grant_waiters();
    co_return detail::wait_error(status);
  }
  bool can_own(bool is_exclusive) const noexcept { return !has_writer_ && !(is_exclusive && reader_count_ > 0); }
  void take_ownership(bool is_exclusive) noexcept { is_exclusive ? void(has_writer_ = true) : void(++reader_count_); }
  void unlock() noexcept {
    has_writer_ ? void(has_writer_ = false) : void(--reader_count_);
    grant_waiters();
  }
  void grant_waiters() noexcept {
    for (auto* next = waiters_.front(); next && can_own(next->is_exclusive); next = waiters_.front()) {
      const bool is_exclusive = next->is_exclusive;
      next->unlink();
      if (next->wake()) take_ownership(is_exclusive);
    }
  }

  detail::wait_list<request> waiters_;
  std::size_t reader_count_ = 0;
  bool has_writer_ = false;
};

void shared_mutex_lock::unlock() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->unlock();
}

}  // namespace cohort

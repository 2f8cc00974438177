// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

class cross_thread_shared_mutex;

/// Shared or exclusive ownership of a `cross_thread_shared_mutex`; the destructor releases it, on any thread.
class [[nodiscard]] cross_thread_shared_mutex_lock {
 public:
  cross_thread_shared_mutex_lock(cross_thread_shared_mutex_lock&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), is_exclusive_(other.is_exclusive_) {}
  cross_thread_shared_mutex_lock& operator=(cross_thread_shared_mutex_lock&& other) noexcept {
    unlock();
    owner_ = std::exchange(other.owner_, nullptr);
    is_exclusive_ = other.is_exclusive_;
    return *this;
  }
  ~cross_thread_shared_mutex_lock() { unlock(); }
  inline void unlock() noexcept;

 private:
  friend class cross_thread_shared_mutex;
  cross_thread_shared_mutex_lock(cross_thread_shared_mutex& owner, bool is_exclusive) noexcept
      : owner_(&owner), is_exclusive_(is_exclusive) {}
  cross_thread_shared_mutex* owner_;
  bool is_exclusive_;
};

/// Mutex with shared (readers) and exclusive (writer) ownership, for the coroutines of all loops. FIFO across all
/// loops: a reader behind a waiting writer also waits, so that neither readers nor writers starve. Thread-safe. The
/// mutex must outlive its locks and waits.
class cross_thread_shared_mutex {
 public:
  cross_thread_shared_mutex() = default;
  cross_thread_shared_mutex(const cross_thread_shared_mutex&) = delete;
  cross_thread_shared_mutex& operator=(const cross_thread_shared_mutex&) = delete;

  /// Waits for exclusive ownership. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the
  /// coroutine is cancelled. Can be called on any loop.
  task<result<cross_thread_shared_mutex_lock>> lock(deadline wait_deadline) { return acquire(true, wait_deadline); }
  /// Waits for shared ownership. Errors and permitted loops: as for `lock`.
  task<result<cross_thread_shared_mutex_lock>> lock_shared(deadline wait_deadline) {
    return acquire(false, wait_deadline);
  }
  /// Returns an empty optional if the mutex is owned. Safe from any thread, including threads without a loop.
  std::optional<cross_thread_shared_mutex_lock> try_lock() { return try_acquire(true); }
  /// Returns an empty optional if the mutex has a writer, or if a coroutine waits. Safe from any thread, including
  /// threads without a loop.
  std::optional<cross_thread_shared_mutex_lock> try_lock_shared() { return try_acquire(false); }

  std::size_t reader_count() const {
    return queue_.read([](const state& current) { return current.readers; });
  }
  bool has_writer() const {
    return queue_.read([](const state& current) { return current.has_writer; });
  }

 private:
  friend class cross_thread_shared_mutex_lock;
  struct state {
    struct request {
      bool is_exclusive;
    };
    bool can_grant(request requested) const noexcept { return !has_writer && !(requested.is_exclusive && readers > 0); }
    void grant(request requested) noexcept { requested.is_exclusive ? void(has_writer = true) : void(++readers); }
    void release(request granted_request) noexcept {
      granted_request.is_exclusive ? void(has_writer = false) : void(--readers);
    }
    std::size_t readers = 0;
    bool has_writer = false;
  };

  using queue = detail::cross_thread_queue<state>;

  task<result<cross_thread_shared_mutex_lock>> acquire(bool is_exclusive, deadline wait_deadline) {
    queue::pending_request pending{queue_, {is_exclusive}};
    if (!pending.is_granted()) {
      const auto status = co_await pending.wait(wait_deadline);
      if (!pending.end()) co_return detail::wait_error(status);
    }
    co_return cross_thread_shared_mutex_lock{*this, is_exclusive};
  }
  std::optional<cross_thread_shared_mutex_lock> try_acquire(bool is_exclusive) {
    if (!queue_.try_acquire({is_exclusive})) return std::nullopt;
    return cross_thread_shared_mutex_lock{*this, is_exclusive};
  }

  queue queue_;
};

void cross_thread_shared_mutex_lock::unlock() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->queue_.release({is_exclusive_});
}

}  // namespace cohort

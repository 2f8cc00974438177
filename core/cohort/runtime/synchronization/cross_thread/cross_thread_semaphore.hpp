// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

class cross_thread_semaphore;

/// A permit of a `cross_thread_semaphore`; the destructor returns it, on any thread.
class [[nodiscard]] cross_thread_permit {
 public:
  cross_thread_permit(cross_thread_permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  cross_thread_permit& operator=(cross_thread_permit&& other) noexcept {
    release();
    owner_ = std::exchange(other.owner_, nullptr);
    return *this;
  }
  ~cross_thread_permit() { release(); }
  inline void release() noexcept;

 private:
  friend class cross_thread_semaphore;
  explicit cross_thread_permit(cross_thread_semaphore& owner) noexcept : owner_(&owner) {}
  cross_thread_semaphore* owner_;
};

/// Counting semaphore for the coroutines of all loops; with one permit, it is a process-wide mutex. FIFO across all
/// loops: the coroutine that has waited longest receives a released permit, and its loop is woken. Thread-safe. The
/// semaphore must outlive its permits and waits.
class cross_thread_semaphore {
 public:
  explicit cross_thread_semaphore(std::size_t permit_count) : queue_(permit_count) {}
  cross_thread_semaphore(const cross_thread_semaphore&) = delete;
  cross_thread_semaphore& operator=(const cross_thread_semaphore&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled. Can be
  /// called on any loop.
  task<result<cross_thread_permit>> acquire(deadline wait_deadline) {
    queue::pending_request pending{queue_, {}};
    if (!pending.is_granted()) {
      const auto status = co_await pending.wait(wait_deadline);
      if (!pending.end()) co_return detail::wait_error(status);
    }
    co_return cross_thread_permit{*this};
  }
  /// Returns an empty optional if no permit is available. Safe from any thread, including threads without a loop.
  std::optional<cross_thread_permit> try_acquire() {
    if (!queue_.try_acquire({})) return std::nullopt;
    return cross_thread_permit{*this};
  }
  std::size_t available_count() const {
    return queue_.read([](const state& current) { return current.available_count; });
  }

 private:
  friend class cross_thread_permit;
  struct state {
    struct request {};
    bool can_grant(request) const noexcept { return available_count > 0; }
    void grant(request) noexcept { --available_count; }
    void release(request) noexcept { ++available_count; }
    std::size_t available_count;
  };

  using queue = detail::cross_thread_queue<state>;

  queue queue_;
};

void cross_thread_permit::release() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->queue_.release({});
}

}  // namespace cohort

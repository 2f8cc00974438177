// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

class semaphore;

/// Permits of a `semaphore`; the destructor returns them.
class [[nodiscard]] semaphore_permit {
 public:
  semaphore_permit(semaphore_permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), count_(other.count_) {}
  semaphore_permit& operator=(semaphore_permit&& other) noexcept {
    release();
    owner_ = std::exchange(other.owner_, nullptr);
    count_ = other.count_;
    return *this;
  }
  ~semaphore_permit() { release(); }
  inline void release() noexcept;

 private:
  friend class semaphore;
  semaphore_permit(semaphore& owner, std::size_t count) noexcept : owner_(&owner), count_(count) {}
  semaphore* owner_;
  std::size_t count_;
};

/// Counting semaphore for the coroutines of one loop, for example to limit concurrent calls. FIFO: a later request for
/// few permits does not overtake a request for many permits. All uses must be on one loop; the semaphore must outlive
/// its permits and waits.
class semaphore {
 public:
  explicit semaphore(std::size_t permit_count) noexcept : available_count_(permit_count) {}
  semaphore(const semaphore&) = delete;
  semaphore& operator=(const semaphore&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled. Available
  /// permits are acquired without suspension, even after the deadline.
  task<result<semaphore_permit>> acquire(deadline wait_deadline, std::size_t count = 1) {
    if (auto permit = try_acquire(count)) co_return std::move(*permit);
    wait_queue wakeup;
    request waiter{wakeup, count};
    waiters_.push_back(waiter);
    const auto status = co_await wakeup.wait(wait_deadline);
    if (status == wait_status::notified) co_return semaphore_permit{*this, count};
    waiter.unlink();
    // The removed request may have blocked later, smaller requests.
    grant_waiters();
    co_return detail::wait_error(status);
  }
  /// Returns an empty optional if too few permits are available, or if another coroutine waits.
  std::optional<semaphore_permit> try_acquire(std::size_t count = 1) noexcept {
    if (!waiters_.empty() || available_count_ < count) return std::nullopt;
    available_count_ -= count;
    return semaphore_permit{*this, count};
  }
  std::size_t available_count() const noexcept { return available_count_; }

 private:
  friend class semaphore_permit;
  struct request : detail::wait_entry {
    request(wait_queue& wakeup, std::size_t permit_count) noexcept : wait_entry(wakeup), count(permit_count) {}
    std::size_t count;
  };

  void release(std::size_t count) noexcept {
    available_count_ += count;
    grant_waiters();
  }
  void grant_waiters() noexcept {
    for (auto* next = waiters_.front(); next && next->count <= available_count_; next = waiters_.front()) {
      const auto count = next->count;
      next->unlink();
      if (next->wake()) available_count_ -= count;
    }
  }

  detail::wait_list<request> waiters_;
  std::size_t available_count_;
};

void semaphore_permit::release() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->release(count_);
}

}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_waiters.hpp>

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

/// Counting semaphore for the coroutines of all loops; with one permit, it is a mutex for the whole process. FIFO over
/// all loops: a released permit goes to the coroutine that has waited longest, whose loop is woken. Thread-safe. The
/// semaphore must outlive its permits and waits.
class cross_thread_semaphore {
 public:
  explicit cross_thread_semaphore(std::size_t permits) : available_(permits) {}
  cross_thread_semaphore(const cross_thread_semaphore&) = delete;
  cross_thread_semaphore& operator=(const cross_thread_semaphore&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled. Can be
  /// called on any loop.
  task<result<cross_thread_permit>> acquire(deadline wait_deadline) {
    auto waiter = enter();
    if (!waiter) co_return cross_thread_permit{*this};
    detail::unless_dismissed remove_on_exception{[&] {
      if (remove(waiter)) release();
    }};
    const auto status = co_await waiter->wakeup.wait(wait_deadline);
    remove_on_exception.dismiss();
    if (remove(waiter)) co_return cross_thread_permit{*this};
    co_return detail::wait_error(status);
  }
  /// Empty if no permit is available. Safe from any thread, including one without a loop.
  std::optional<cross_thread_permit> try_acquire() {
    const std::lock_guard lock{mutex_};
    if (available_ == 0) return std::nullopt;
    --available_;
    return cross_thread_permit{*this};
  }
  std::size_t available() const {
    const std::lock_guard lock{mutex_};
    return available_;
  }

 private:
  friend class cross_thread_permit;
  using waiters = detail::cross_thread_waiters<detail::cross_thread_waiter>;

  /// Null if a permit was available.
  waiters::pointer enter() {
    const std::lock_guard lock{mutex_};
    if (available_ > 0) {
      --available_;
      return nullptr;
    }
    auto waiter = std::make_shared<detail::cross_thread_waiter>();
    waiting_.add(waiter);
    return waiter;
  }
  bool remove(const waiters::pointer& waiter) {
    const std::lock_guard lock{mutex_};
    return waiting_.remove(waiter);
  }
  void release() {
    const std::lock_guard lock{mutex_};
    waiting_.empty() ? void(++available_) : waiting_.grant_front();
  }

  mutable std::mutex mutex_;
  waiters waiting_;
  std::size_t available_;
};

void cross_thread_permit::release() noexcept {
  if (auto* const owner = std::exchange(owner_, nullptr)) owner->release();
}

}  // namespace cohort

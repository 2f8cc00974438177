// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <stdexcept>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

/// Admits at most `limit` operations within any period of `interval`, for example to respect the rate limit of an
/// upstream. FIFO. The first `limit` operations start immediately; the next operation starts `interval` after the first
/// of them. Stores the start times of the last `limit` operations. For the coroutines of one loop; must outlive their
/// waits. For a limit per client, see `policy::client_rate_limiter`.
class rate_limiter {
 public:
  /// Throws `std::invalid_argument` unless `limit` and `interval` are positive.
  rate_limiter(std::size_t limit, duration interval) : limit_(limit), interval_(interval) {
    if (limit == 0) throw std::invalid_argument("rate_limiter: the limit is 0; it must be at least 1");
    if (interval <= duration::zero()) throw std::invalid_argument("rate_limiter: the interval must be positive");
  }
  rate_limiter(const rate_limiter&) = delete;
  rate_limiter& operator=(const rate_limiter&) = delete;

  /// Waits until the operation may start. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if
  /// the coroutine is cancelled; after an error, the operation is not counted, and the next waiting coroutine takes its
  /// position. If no wait is necessary, the coroutine continues without suspension, even after the deadline.
  task<result<void>> acquire(deadline wait_deadline) {
    if (try_acquire()) co_return result<void>{};
    queue_entry own_entry{*this};
    for (;;) {
      const auto end = own_entry.is_first() ? std::min(deadline{next_start_time()}, wait_deadline) : wait_deadline;
      const auto status = co_await own_entry.wakeup.wait(end);
      if (status == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
      const auto now = loop::current().now();
      if (own_entry.is_first() && next_start_time() <= now) {
        record_start(now);
        co_return result<void>{};
      }
      if (wait_deadline.expired(now)) co_return error_code{asio::error::timed_out};
    }
  }

  /// Counts an operation and returns true if it may start without a wait. Must be called on the loop.
  bool try_acquire() {
    const auto now = loop::current().now();
    if (!waiters_.empty() || next_start_time() > now) return false;
    record_start(now);
    return true;
  }

 private:
  /// The entry of a waiting coroutine. The destructor wakes the next coroutine if that coroutine becomes the first.
  struct queue_entry {
    explicit queue_entry(rate_limiter& owner) : limiter(owner) { limiter.waiters_.push_back(entry); }
    ~queue_entry() {
      const bool was_first = is_first();
      entry.unlink();
      auto* const next = limiter.waiters_.front();
      if (was_first && next) next->wake();
    }
    bool is_first() noexcept { return limiter.waiters_.front() == &entry; }

    rate_limiter& limiter;
    wait_queue wakeup{};
    detail::wait_entry entry{wakeup};
  };

  /// The time at which the operation of the first waiting coroutine may start.
  time_point next_start_time() const noexcept {
    return start_times_.size() < limit_ ? time_point::min() : start_times_.front() + interval_;
  }
  void record_start(time_point now) {
    if (start_times_.size() == limit_) start_times_.pop_front();
    start_times_.push_back(now);
  }

  std::size_t limit_;
  duration interval_;
  /// The start times of the last operations, oldest first.
  std::deque<time_point> start_times_;
  detail::wait_list<detail::wait_entry> waiters_;
};

}  // namespace cohort

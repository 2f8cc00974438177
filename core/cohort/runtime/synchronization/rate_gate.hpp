// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <stdexcept>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

/// Lets at most `limit` coroutines pass within any period of `interval`, for example to respect the rate limit of an
/// upstream. FIFO. The first `limit` pass at once; the next follows `interval` after the first of them. Stores the
/// times of the last `limit` passes. Used by the coroutines of one loop; must outlive their waits.
class rate_gate {
 public:
  /// Throws `std::invalid_argument` unless both are positive.
  rate_gate(std::size_t limit, duration interval) : limit_(limit), interval_(interval) {
    if (limit == 0) throw std::invalid_argument("rate_gate: the limit is 0; it must be at least 1");
    if (interval <= duration::zero()) throw std::invalid_argument("rate_gate: the interval must be positive");
  }
  rate_gate(const rate_gate&) = delete;
  rate_gate& operator=(const rate_gate&) = delete;

  /// Waits for the turn of this coroutine. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if
  /// the coroutine is cancelled; after an error the coroutine has not passed, and the coroutines behind it move up. If
  /// no wait is necessary, the coroutine passes without suspension, even after the deadline.
  task<result<void>> pass(deadline wait_deadline) {
    if (try_pass()) co_return result<void>{};
    queue_entry own{*this};
    for (;;) {
      const auto end = own.is_first() ? std::min(deadline{next_pass_time()}, wait_deadline) : wait_deadline;
      const auto status = co_await own.wakeup.wait(end);
      if (status == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
      const auto now = loop::current().now();
      if (own.is_first() && next_pass_time() <= now) {
        record_pass(now);
        co_return result<void>{};
      }
      if (wait_deadline.expired(now)) co_return error_code{asio::error::timed_out};
    }
  }

  /// Passes if the coroutine would not have to wait. Called on the loop.
  bool try_pass() {
    const auto now = loop::current().now();
    if (!waiting_.empty() || next_pass_time() > now) return false;
    record_pass(now);
    return true;
  }

 private:
  /// A waiting coroutine. Its destruction, for any reason, makes the next coroutine the first in the queue.
  struct queue_entry {
    explicit queue_entry(rate_gate& owner) : gate(owner) { gate.waiting_.push_back(entry); }
    ~queue_entry() {
      const bool was_first = is_first();
      entry.unlink();
      auto* const next = gate.waiting_.front();
      if (was_first && next) next->wake();
    }
    bool is_first() noexcept { return gate.waiting_.front() == &entry; }

    rate_gate& gate;
    wait_queue wakeup{};
    detail::wait_entry entry{wakeup};
  };

  /// The time at which the first of the waiting coroutines may pass.
  time_point next_pass_time() const noexcept {
    return passes_.size() < limit_ ? time_point::min() : passes_.front() + interval_;
  }
  void record_pass(time_point now) {
    if (passes_.size() == limit_) passes_.pop_front();
    passes_.push_back(now);
  }

  std::size_t limit_;
  duration interval_;
  /// The times of the last passes, the oldest first.
  std::deque<time_point> passes_;
  detail::wait_list<detail::wait_entry> waiting_;
};

}  // namespace cohort

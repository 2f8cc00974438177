// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <stdexcept>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

/// Admits at most `limit` operations of all loops within any period of `interval`, for example to respect the rate
/// limit of an upstream for the process. Operations start in FIFO order across all loops. The first `limit` operations
/// start immediately; the next operation starts `interval` after the first of them. Stores the start times of the last
/// `limit` operations. Thread-safe; must outlive its waits.
class cross_thread_rate_limiter {
 public:
  /// Throws `std::invalid_argument` unless `limit` and `interval` are positive.
  cross_thread_rate_limiter(std::size_t limit, duration interval) : queue_(limit, interval) {
    if (limit == 0) throw std::invalid_argument("cross_thread_rate_limiter: the limit is 0; it must be at least 1");
    if (interval <= duration::zero()) {
      throw std::invalid_argument("cross_thread_rate_limiter: the interval must be positive");
    }
  }
  cross_thread_rate_limiter(const cross_thread_rate_limiter&) = delete;
  cross_thread_rate_limiter& operator=(const cross_thread_rate_limiter&) = delete;

  /// Waits until the operation may start. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if
  /// the coroutine is cancelled; after an error, the operation is not counted, and the next waiting coroutine takes its
  /// position. If no wait is necessary, the coroutine continues without suspension, even after the deadline. Can be
  /// called on any loop.
  task<result<void>> acquire(deadline wait_deadline) {
    if (try_acquire()) co_return result<void>{};
    auto acquire_task = queue_.acquire({}, wait_deadline);
    const auto queue_status = co_await std::move(acquire_task);
    if (queue_status != wait_status::notified) co_return detail::wait_error(queue_status);
    const detail::scope_guard admission_guard{[&] { queue_.release({}); }};
    const auto start_time = queue_.read([](const state& current) { return current.next_start_time(); });
    const auto status = co_await sleep_until(std::min(deadline{start_time}, wait_deadline));
    if (status == wait_status::cancelled) co_return detail::wait_error(status);
    const auto now = loop::current().now();
    if (now < start_time) co_return error_code{asio::error::timed_out};
    queue_.update([now](state& current) { current.record_start(now); });
    co_return result<void>{};
  }

  /// Counts an operation and returns true if it may start without a wait. Safe from any thread, including threads
  /// without a loop.
  bool try_acquire() {
    bool may_start = false;
    queue_.update([&](state& current) {
      const auto* const caller_loop = loop::current_or_null();
      const auto now = caller_loop ? caller_loop->now() : real_clock().now();
      may_start = !current.is_front_owned && current.next_start_time() <= now;
      if (may_start) current.record_start(now);
    });
    return may_start;
  }

 private:
  /// The exclusive resource is the front of the queue. The coroutine at the front sleeps until its operation may start.
  struct state {
    struct request {};
    bool can_grant(request) const noexcept { return !is_front_owned; }
    void grant(request) noexcept { is_front_owned = true; }
    void release(request) noexcept { is_front_owned = false; }

    time_point next_start_time() const noexcept {
      return start_times.size() < limit ? time_point::min() : start_times.front() + interval;
    }
    void record_start(time_point now) {
      if (start_times.size() == limit) start_times.pop_front();
      start_times.push_back(now);
    }

    std::size_t limit;
    duration interval;
    /// The start times of the last operations, oldest first.
    std::deque<time_point> start_times;
    bool is_front_owned = false;
  };

  detail::cross_thread_queue<state> queue_;
};

}  // namespace cohort

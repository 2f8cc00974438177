// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_queue.hpp>

namespace cohort {

/// Single-use countdown for which coroutines of any loop wait, for example until N operations on other loops have
/// ended. Thread-safe. The latch must outlive its waits. Once a `wait` has returned `notified`, the latch can be
/// destroyed, even if the last call of `count_down` has not returned.
class cross_thread_latch {
 public:
  explicit cross_thread_latch(std::size_t count) : queue_(count) {}
  cross_thread_latch(const cross_thread_latch&) = delete;
  cross_thread_latch& operator=(const cross_thread_latch&) = delete;

  /// Decrements the count unless it is zero. At zero, resumes all waiters, each on its loop. Safe from any thread,
  /// including threads without a loop. Writes before this call are visible to the coroutines that wait for zero.
  void count_down(std::size_t count = 1) {
    queue_.update([count](state& current) { current.count -= std::min(count, current.count); });
  }
  std::size_t count() const {
    return queue_.read([](const state& current) { return current.count; });
  }

  /// Returns `notified` once the count is zero (immediately if it is), `timed_out` at `wait_deadline`, or `cancelled`.
  /// Can be called on any loop.
  task<wait_status> wait(deadline wait_deadline) { return queue_.acquire({}, wait_deadline); }

 private:
  struct state {
    struct request {};
    bool can_grant(request) const noexcept { return count == 0; }
    void grant(request) noexcept {}
    void release(request) noexcept {}
    std::size_t count;
  };

  detail::cross_thread_queue<state> queue_;
};

}  // namespace cohort

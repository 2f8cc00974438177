// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort {

/// Single-use countdown for the coroutines of one loop. All uses must be on that loop.
class latch {
 public:
  explicit latch(std::size_t count) : count_(count) {
    if (count_ == 0) reached_zero_.set();
  }

  /// Decrements the count unless it is zero. At zero, resumes all waiters.
  void count_down(std::size_t count = 1) {
    count_ -= std::min(count, count_);
    if (count_ == 0) reached_zero_.set();
  }
  std::size_t count() const noexcept { return count_; }

  /// Returns `notified` once the count is zero (immediately if it is), `timed_out` at `wait_deadline`, or `cancelled`.
  task<wait_status> wait(deadline wait_deadline) { return reached_zero_.wait(wait_deadline); }

 private:
  std::size_t count_;
  event reached_zero_;
};

}  // namespace cohort

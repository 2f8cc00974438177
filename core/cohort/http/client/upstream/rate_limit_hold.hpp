// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The time until which no requests may be sent to an upstream, from `Retry-After`. Shared by all loops; thread-safe.
class rate_limit_hold {
 public:
  /// Extends the hold to `end`; has no effect if the hold is already longer.
  void extend(time_point end) noexcept {
    const auto value = end.time_since_epoch().count();
    auto current = end_.load(std::memory_order_relaxed);
    while (current < value && !end_.compare_exchange_weak(current, value, std::memory_order_relaxed)) continue;
  }
  /// The time left; zero if requests may be sent.
  duration remaining(time_point now) const noexcept {
    const duration left{end_.load(std::memory_order_relaxed) - now.time_since_epoch().count()};
    return std::max(left, duration::zero());
  }

 private:
  std::atomic<duration::rep> end_{0};
};

}  // namespace cohort::http

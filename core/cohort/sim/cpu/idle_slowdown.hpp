// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// The slowdown of work after its core has been idle: the caches and branch predictors no longer contain its code and
/// data, or the clock of the core is slower at first. The factor of the CPU time rises linearly with the idle time, and
/// is constant after `full_after`.
struct idle_slowdown {
  /// At least 1; 1 means no slowdown.
  double max_factor = 1;
  duration full_after{};

  bool any() const noexcept { return max_factor > 1; }
  double factor(duration idle_time) const noexcept {
    if (idle_time >= full_after) return max_factor;
    const auto fraction = static_cast<double>(idle_time.count()) / static_cast<double>(full_after.count());
    return 1 + (max_factor - 1) * std::max(fraction, 0.0);
  }
};

}  // namespace cohort::sim

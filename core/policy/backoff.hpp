#pragma once

#include <algorithm>

#include "core/runtime/clock.hpp"

namespace cohort::policy {

/// How long to leave a source alone after so many failures in a row: `first`, then twice as long each time, at most
/// `longest`.
constexpr duration backoff(unsigned failures, duration first, duration longest) noexcept {
  if (failures == 0) return duration::zero();
  const duration doubled = first * (1LL << std::min(failures - 1, 20U));
  return std::min(doubled, longest);
}

}  // namespace cohort::policy

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Delay after `failures` consecutive failures: `base * 2^(failures - 1)`, at most `max`; zero if `failures` is 0.
constexpr duration exponential_backoff(unsigned failures, duration base, duration max) noexcept {
  if (failures == 0) return duration::zero();
  const duration delay = base * (1LL << std::min(failures - 1, 20U));
  return std::min(delay, max);
}

/// Like `exponential_backoff`, but randomly reduced by up to half (jitter), so that clients that failed together do not
/// retry together.
inline duration jittered_backoff(unsigned failures, duration base, duration max, random_generator& random) noexcept {
  const auto delay = exponential_backoff(failures, base, max);
  return random.uniform_between(delay / 2, delay);
}

}  // namespace cohort::policy

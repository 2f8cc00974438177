// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Delay after `failure_count` consecutive failures: `base * 2^(failure_count - 1)`, at most `max`; zero after none.
constexpr duration exponential_backoff(unsigned failure_count, duration base, duration max) noexcept {
  if (failure_count == 0) return duration::zero();
  const duration delay = base * (1LL << std::min(failure_count - 1, 20U));
  return std::min(delay, max);
}

/// Like `exponential_backoff`, but randomly reduced by up to half (jitter), so that clients that failed together do not
/// retry together.
inline duration jittered_backoff(unsigned failure_count, duration base, duration max,
                                 random_generator& random) noexcept {
  const auto delay = exponential_backoff(failure_count, base, max);
  return random.uniform_between(delay / 2, delay);
}

}  // namespace cohort::policy

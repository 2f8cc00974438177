// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop_fairness.hpp>

#include <algorithm>

namespace cohort {
namespace {

constexpr std::size_t max_bytes_between_yields = 1024 * 1024;
/// Each operation counts as at least this number of bytes, because a system call takes 5 to 10 µs.
constexpr std::size_t min_operation_bytes = max_bytes_between_yields / 64;

// Each thread has one count, because it usually runs one loop. Operations that have waited are counted, too, because an
// unnecessary yield costs less than the detection of iterations.
thread_local std::size_t bytes_since_yield = 0;

}  // namespace

bool must_yield_after(std::size_t bytes) noexcept {
  bytes_since_yield += std::clamp(bytes, min_operation_bytes, max_bytes_between_yields);
  if (bytes_since_yield < max_bytes_between_yields) return false;
  bytes_since_yield = 0;
  return true;
}

void detail::reset_loop_fairness() noexcept { bytes_since_yield = 0; }

}  // namespace cohort

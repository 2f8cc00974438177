// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop_fairness.hpp>

#include <algorithm>

namespace cohort {
namespace {

constexpr std::size_t max_bytes_between_yields = 1024 * 1024;
/// An operation costs at least as much as this number of bytes: a system call takes 5 to 10 µs.
constexpr std::size_t min_operation_bytes = max_bytes_between_yields / 64;

// A count of the thread is that of its loop. It includes operations that waited before they were counted: a superfluous
// yield costs less than the detection of iterations.
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

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/burst_allowance.hpp>

#include <algorithm>

namespace cohort::policy {
namespace {

/// The allowance grows by one part in this many of the time without a queue.
constexpr int growth_divisor = 4;

}  // namespace

bool burst_allowance::is_overload(duration standing, time_point now) noexcept {
  const auto elapsed = last_call_ == time_point{} ? duration::zero() : now - last_call_;
  last_call_ = now;
  // Another queue than at the last call.
  if (standing < standing_) charged_ = duration::zero();
  standing_ = standing;
  if (standing == duration::zero()) {
    remaining_ = std::min(remaining_ + elapsed / growth_divisor, settings_.max_burst);
    return false;
  }
  if (standing < settings_.delay) return false;
  const auto excess = standing - settings_.delay;
  remaining_ = std::max(remaining_ - (excess - charged_), duration::zero());
  charged_ = excess;
  return remaining_ == duration::zero();
}

}  // namespace cohort::policy

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/burst_allowance.hpp>

#include <algorithm>

namespace cohort::policy {
namespace {

/// The allowance grows by the time with an empty queue, divided by this number.
constexpr int growth_divisor = 4;

}  // namespace

bool burst_allowance::is_overload(duration queue_age, time_point now) noexcept {
  const auto elapsed = last_call_time_ == time_point{} ? duration::zero() : now - last_call_time_;
  last_call_time_ = now;
  // The queue has been empty since the last call.
  if (queue_age < last_queue_age_) charged_time_ = duration::zero();
  last_queue_age_ = queue_age;
  if (queue_age == duration::zero()) {
    remaining_ = std::min(remaining_ + elapsed / growth_divisor, settings_.max_burst);
    return false;
  }
  if (queue_age < settings_.delay) return false;
  const auto excess = queue_age - settings_.delay;
  remaining_ = std::max(remaining_ - (excess - charged_time_), duration::zero());
  charged_time_ = excess;
  return remaining_ == duration::zero();
}

}  // namespace cohort::policy

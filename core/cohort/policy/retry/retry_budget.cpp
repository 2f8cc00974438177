// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/retry_budget.hpp>

#include <algorithm>

namespace cohort::policy {
namespace {

// Tolerates rounding errors: for example, ten deposits of 0.1 must permit one retry.
constexpr double rounding_error = 1e-9;

}  // namespace

void retry_budget::advance(time_point now) noexcept {
  const auto number = now.time_since_epoch() / (settings_.window / slots_per_window);
  if (number - newest_slot_number_ >= slot_count) {
    slots_ = {};
    call_count_ = withdrawal_count_ = 0;
    newest_slot_number_ = number;
    return;
  }
  while (newest_slot_number_ < number) {
    ++newest_slot_number_;
    auto& reused_slot = slot_at(newest_slot_number_);
    withdrawal_count_ -= reused_slot.withdrawal_count;
    reused_slot = {};
    call_count_ -= slot_at(newest_slot_number_ - slots_per_window + slot_count).call_count;
  }
}

void retry_budget::deposit(time_point now) noexcept {
  advance(now);
  ++slot_at(newest_slot_number_).call_count;
  ++call_count_;
}

double retry_budget::balance(time_point now) noexcept {
  advance(now);
  const auto seconds = std::chrono::duration<double>{settings_.window}.count();
  const auto limit = settings_.ratio * static_cast<double>(call_count_) + settings_.min_per_second * seconds;
  return std::max(limit - static_cast<double>(withdrawal_count_), 0.0);
}

bool retry_budget::withdraw(time_point now) noexcept {
  if (balance(now) < 1 - rounding_error) return false;
  ++slot_at(newest_slot_number_).withdrawal_count;
  ++withdrawal_count_;
  return true;
}

}  // namespace cohort::policy

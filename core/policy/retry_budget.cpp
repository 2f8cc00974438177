#include "core/policy/retry_budget.hpp"

#include <algorithm>

namespace cohort::policy {
namespace {

// What doubles round away must not refuse a request that is paid for to the last tenth.
constexpr double rounding = 1e-9;

}  // namespace

void retry_budget::advance(time_point now) noexcept {
  const auto number = now.time_since_epoch() / (how_.window / parts);
  if (number - newest_ >= slots) {
    recent_ = {};
    calls_ = extra_ = 0;
    newest_ = number;
    return;
  }
  while (newest_ < number) {
    ++newest_;
    auto& begun = at(newest_);
    extra_ -= begun.extra;
    begun = {};
    calls_ -= at(newest_ - parts + slots).calls;
  }
}

void retry_budget::deposit(time_point now) noexcept {
  advance(now);
  ++at(newest_).calls;
  ++calls_;
}

double retry_budget::balance(time_point now) noexcept {
  advance(now);
  const auto seconds = std::chrono::duration<double>{how_.window}.count();
  const auto allowed = how_.ratio * static_cast<double>(calls_) + how_.per_second * seconds;
  return std::max(allowed - static_cast<double>(extra_), 0.0);
}

bool retry_budget::withdraw(time_point now) noexcept {
  if (balance(now) < 1 - rounding) return false;
  ++at(newest_).extra;
  ++extra_;
  return true;
}

}  // namespace cohort::policy

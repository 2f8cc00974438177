#include "core/policy/hedging.hpp"

#include <algorithm>

namespace cohort::policy {

std::optional<duration> hedging::delay(duration time_left, time_point now) noexcept {
  if (!how_.enabled) return std::nullopt;
  const auto slow = recent_.quantile(how_.quantile, how_.least_samples, now);
  if (!slow) return std::nullopt;
  const auto wait = std::max(*slow, how_.least_delay);
  if (time_left - wait < usual(now)) return std::nullopt;
  return wait;
}

duration hedging::usual(time_point now) noexcept {
  return recent_.quantile(0.5, how_.least_samples, now).value_or(duration::zero());
}

}  // namespace cohort::policy

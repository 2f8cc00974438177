#include "core/policy/feasibility.hpp"

namespace cohort::policy {

std::optional<duration> feasibility::shortfall(duration time_left, time_point now) noexcept {
  auto needed = recent_.quantile(0.5, least_samples_, now);
  // It may be above the truth by as much; whoever could be in time is not refused.
  if (needed) *needed = *needed * 100 / 119;
  return needed && *needed > time_left ? needed : std::nullopt;
}

}  // namespace cohort::policy

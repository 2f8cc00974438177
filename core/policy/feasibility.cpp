#include "core/policy/feasibility.hpp"

namespace cohort::policy {

std::optional<duration> feasibility::shortfall(duration time_left, time_point now) noexcept {
  const auto needed = recent_.quantile(0.5, least_samples_, now);
  return needed && *needed > time_left ? needed : std::nullopt;
}

}  // namespace cohort::policy

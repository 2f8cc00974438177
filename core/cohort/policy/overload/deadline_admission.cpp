// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/deadline_admission.hpp>

namespace cohort::policy {

std::optional<duration> deadline_admission::required_time(duration remaining_time, time_point now) noexcept {
  auto required = latencies_.quantile(0.5, min_samples_, now);
  // Divides by 1.19, because the quantile can be up to 19 % too high, and a request that might complete in time must
  // not be rejected.
  if (required) *required = *required * 100 / 119;
  return required && *required > remaining_time ? required : std::nullopt;
}

}  // namespace cohort::policy

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// Formats a duration in milliseconds with at most three decimals, such as `12.5 ms`.
std::string audit_time(duration span);

}  // namespace cohort::sim

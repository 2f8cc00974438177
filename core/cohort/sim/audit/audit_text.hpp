// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// Milliseconds with three significant decimals at most, such as `12.5 ms`.
std::string audit_time(duration span);

}  // namespace cohort::sim

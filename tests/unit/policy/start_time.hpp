// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/time/clock.hpp>

namespace cohort::test {

/// The time at which a test starts. The time is later than the epoch, so that a policy can subtract durations.
inline constexpr time_point start{std::chrono::hours{1}};

}  // namespace cohort::test

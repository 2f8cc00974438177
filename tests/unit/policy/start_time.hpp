// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/time/clock.hpp>

namespace cohort::test {

/// The time at which a test starts. Not the epoch, so that a policy can look back.
inline constexpr time_point start{std::chrono::hours{1}};

}  // namespace cohort::test

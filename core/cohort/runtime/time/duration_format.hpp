// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// Formats a duration in human-readable form, with at most three significant digits: `412 µs`, `4.1 ms`, `41 ms`,
/// `2.05 s`, `5 s`. From 100 s on, equals `format_coarse_duration`.
std::string format_duration(duration span);

/// Formats a duration in its two largest non-zero units: `3 d 4 h`, `5 min 6 s`, `7 s`. Rounds down to seconds; a
/// negative duration is `0 s`.
std::string format_coarse_duration(duration span);

}  // namespace cohort

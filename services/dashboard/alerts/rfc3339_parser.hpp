// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::dashboard {

/// Parses an RFC 3339 timestamp (section 5.6); digits below a nanosecond are ignored. Empty if `text` is invalid, or if
/// its year is not within 1678 to 2261, the range of `wall_time`.
std::optional<wall_time> parse_rfc3339(std::string_view text);

}  // namespace cohort::dashboard

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/runtime/clock.hpp"

namespace cohort::dashboard {

/// A moment as RFC 3339 section 5.6 writes it. Nothing for another text, or for a year that a `wall_time` cannot hold
/// (it can from 1678 to 2261).
std::optional<wall_time> parse_rfc3339(std::string_view text);

/// In UTC, to the second: `2026-11-22T13:05:09Z`.
std::string format_rfc3339(wall_time when);

}  // namespace cohort::dashboard

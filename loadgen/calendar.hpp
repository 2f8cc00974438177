#pragma once

#include <string>

#include "core/runtime/clock.hpp"

namespace cohort::loadgen {

/// RFC 3339 in UTC, with milliseconds: `2026-11-22T16:38:44.391Z`.
std::string utc_text(wall_time when);

}  // namespace cohort::loadgen

#pragma once

#include <string>

#include "loadgen/report.hpp"

// What stands at the head of a report, in whichever form.
namespace cohort::loadgen {

/// RFC 3339 in UTC, with milliseconds: `2026-11-22T16:38:44.391Z`.
std::string utc_text(wall_time when);
/// For people: `2026-11-22 16:38:44 UTC`.
std::string date_text(wall_time when);

/// For how long there was load: all of the plan, unless it was cut short.
duration load_length(const report& of);
/// `5 requests/s for 60 s`
std::string load_text(const report& of);

}  // namespace cohort::loadgen

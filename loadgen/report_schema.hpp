#pragma once

#include <cstdint>
#include <string_view>

namespace cohort::loadgen {

/// Goes up when a reader of `json_report` would have to change, and with it report.schema.json.
inline constexpr std::int64_t report_schema_version = 1;

/// What tells our reports from another program's.
inline constexpr std::string_view report_generator = "loadgen";

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace cohort::loadgen {

/// The version of the JSON report. Incremented by each incompatible change, together with report.schema.json.
inline constexpr std::int64_t report_schema_version = 1;

/// The value of `generator.name` in the JSON report.
inline constexpr std::string_view report_generator_name = "loadgen";

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "services/weather/providers/weather_report.hpp"

namespace cohort::weather {

/// The name of the sample in responses, metrics and logs.
inline constexpr std::string_view sample_name = "sample";

/// The built-in report for any location, for machines without internet access. The flag `sample` of the report is set.
weather_report sample_report(const location& location);

}  // namespace cohort::weather

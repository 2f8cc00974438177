// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "loadgen/results/report.hpp"

// The head of a report, for all formats.
namespace cohort::loadgen {

/// `2026-11-22 16:38:44 UTC`
std::string format_date_time(wall_time time);

/// The duration of the load: the planned duration, or less if the run was stopped.
duration load_duration(const run_report& report);
/// `5 requests/s for 60 s`
std::string describe_load(const run_report& report);

}  // namespace cohort::loadgen

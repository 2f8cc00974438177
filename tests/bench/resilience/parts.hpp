// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::bench {

// Each part prints its rows of the table as soon as they are measured.
void measure_deadlines();
void measure_retries();
void measure_replicas();
void measure_overload();
void measure_infeasible_requests();

void print_row(std::string_view part, std::string_view scenario, std::string_view measurement);

/// Formats a quantile of durations in any order; quantile 1 is the maximum. Returns `–` if there are no durations.
std::string format_quantile(std::vector<duration> durations, double quantile);

/// Returns the value of a series in Prometheus' text format, or zero if it does not exist.
double series_value(std::string_view metrics, std::string_view series);

}  // namespace cohort::bench

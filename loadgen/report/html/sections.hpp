// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "loadgen/results/report.hpp"

// The sections of the HTML report. A section without content is an empty string.
namespace cohort::loadgen::html {

std::string latency_over_time(const run_report& report);
std::string requests_over_time(const run_report& report);
std::string latency_histogram(const run_report& report);
std::string percentile_curve(const run_report& report);
std::string failures_by_outcome(const run_report& report);
std::string targets_table(const run_report& report);
std::string phases_table(const run_report& report);
std::string knee_chart(const run_report& report);
std::string baseline_table(const run_report& report);
std::string server_tables(const run_report& report);
std::string generator_table(const run_report& report);
std::string glossary(const run_report& report);

std::string_view style_sheet();

/// Maximum number of phases that are shown individually, to bound the size of the page.
inline constexpr std::size_t max_phases = 100;

}  // namespace cohort::loadgen::html

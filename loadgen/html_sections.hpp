#pragma once

#include <string>
#include <string_view>

#include "loadgen/report.hpp"

// The parts of the HTML report. Each is empty where the report has nothing for it.
namespace cohort::loadgen::html {

std::string latency_over_time(const report& of);
std::string requests_over_time(const report& of);
std::string latency_histogram(const report& of);
std::string percentile_curve(const report& of);
std::string failures_by_kind(const report& of);
std::string targets_table(const report& of);
std::string phases_table(const report& of);
std::string knee_chart(const report& of);
std::string baseline_table(const report& of);
std::string servers_tables(const report& of);
std::string generator_table(const report& of);
std::string glossary(const report& of);

std::string_view style_sheet();

/// More phases than this are not shown one by one: the page stays small however long a run is.
inline constexpr std::size_t most_phases = 100;

}  // namespace cohort::loadgen::html

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "loadgen/results/report.hpp"
#include "loadgen/terminal/styled_line.hpp"

// The output formats of a report.
namespace cohort::loadgen {

/// The final report, for a terminal or a file.
std::string render_text_report(const run_report& report, terminal::output_options options = {});

/// One JSON object, described by `loadgen/report/report.schema.json`.
std::string render_json_report(const run_report& report);

/// A self-contained HTML page with charts, without scripts and without network access.
std::string render_html_report(const run_report& report);

/// The header line of the CSV output (RFC 4180).
std::string csv_header();
/// One line for all targets (`*`) and one for each target.
std::string csv_rows(const interval_report& interval, const std::vector<target_description>& targets,
                     const std::vector<load_profile::phase>& phases);

}  // namespace cohort::loadgen

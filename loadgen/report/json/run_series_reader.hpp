// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

/// The series of a JSON report that a run is compared with. Errors: the second part of a sentence that starts with the
/// name of the file.
result<run_series, std::string> parse_run_series(std::string_view json);
/// Returns the series of a report in memory, equal to the result of `render_json_report` followed by
/// `parse_run_series`.
run_series make_run_series(const run_report& report);

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
// Fuzzes JSON reports that are the baseline of a comparison.
#include <cmath>

#include <cohort/json/parser.hpp>
#include "loadgen/report/json/run_series_reader.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::loadgen_report_target {
namespace {

void check_values(const std::vector<double>& values, double max) {
  for (const double value : values) require(value >= 0 && value <= max, "a value is in range");
}

void run(std::string_view input) {
  const auto series = loadgen::parse_run_series(input);
  if (!series) {
    require(series.error().ends_with('.'), "an error message ends with a period");
    return;
  }
  check_values(series->p50_us, 3.6e9 + 1e7);
  check_values(series->p99_us, 3.6e9 + 1e7);
  check_values(series->failure_ratio, 1);
  const auto minified_series = loadgen::parse_run_series(json::minify(input));
  require(minified_series && minified_series->p99_us == series->p99_us, "whitespace does not change the result");
  const auto comparison = loadgen::compare_runs(*series, *series, "same");
  if (!comparison) return;
  require(!comparison->has_regression(), "a run compared with itself shows no regression");
  for (const auto& change : comparison->measures) {
    require(change.shift == 0 && change.p_value >= 0 && change.p_value <= 1,
            "a run compared with itself shows no difference");
  }
}

const registration fuzz_registration{{"loadgen_report", run}};

}  // namespace
}  // namespace cohort::fuzz::loadgen_report_target

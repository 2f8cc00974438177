#pragma once

#include <iosfwd>
#include <string>

#include "core/runtime/task.hpp"
#include "loadgen/baseline.hpp"
#include "loadgen/report.hpp"

// The forms in which a report leaves the program.
namespace cohort::loadgen {

struct text_style {
  bool colour = false;
  unsigned columns = 80;
};

/// The closing report for a terminal or a file.
std::string text_report(const report& of, text_style style = {});

/// One JSON object, as `loadgen/report.schema.json` has it.
std::string json_report(const report& of);
/// The part of a saved `json_report` that is compared; what is wrong with the text goes on after the file's name.
result<run_series, std::string> read_run_series(std::string_view json);
run_series series_of(const report& of);

/// A page of its own, with charts, that needs no network and no script.
std::string html_report(const report& of);

/// A line for each interval and target (`*` is all of them): `csv_header`, then `csv_lines` as intervals end.
std::string csv_header();
std::string csv_lines(const interval& of, const std::vector<target_description>& targets,
                      const std::vector<plan::phase>& phases);

}  // namespace cohort::loadgen

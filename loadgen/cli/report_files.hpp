// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/cli/output_file.hpp"
#include "loadgen/options/run_configuration.hpp"
#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

/// The output files of a run: JSON, CSV and HTML.
class report_files {
 public:
  /// Opens the files. Returns an error message of one sentence; empty on success.
  std::optional<std::string> open(const run_configuration& configuration);
  /// Appends the interval to the CSV file.
  void write_interval(const run_report& report, const interval_report& interval,
                      const std::vector<load_profile::phase>& phases);
  /// Writes the reports and commits the files. Returns error messages of one sentence each.
  std::vector<std::string> commit(const run_report& report);

 private:
  std::unique_ptr<output_file> json_;
  std::unique_ptr<output_file> csv_;
  std::unique_ptr<output_file> html_;
};

}  // namespace cohort::loadgen

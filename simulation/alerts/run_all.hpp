// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "simulation/alerts/evaluation.hpp"
#include "simulation/alerts/result_store.hpp"

namespace cohort::simulation::alerts {

struct execution_settings {
  std::size_t process_count = 2;
  /// Directory for the rules and the test files of the runs.
  std::string directory;
  bool should_keep_tests = false;
  /// Evaluates the existing test files in the directory instead of simulating the runs. The rules must read the same
  /// series as in the run that wrote the files.
  bool should_reuse_tests = false;
  /// Evaluates all scraped series, including those that cannot change the results.
  bool has_all_series = false;
};

/// Returns the results of all runs. A run with a result in `results` is not repeated. Throws `std::runtime_error` if a
/// run fails.
std::vector<incident_run> run_all(std::vector<incident> runs, const rule_files& rules,
                                  const execution_settings& settings, const result_store& results);

}  // namespace cohort::simulation::alerts

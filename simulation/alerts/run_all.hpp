// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "simulation/alerts/evaluation.hpp"

namespace cohort::simulation::alerts {

struct execution_settings {
  std::size_t processes = 2;
  /// Directory for the files of the runs.
  std::string directory;
  /// Evaluates the test files in the directory instead of simulating; for changed rules that read the same series.
  bool reuses_tests = false;
};

/// Returns the results of all runs. Throws `std::runtime_error` if a run fails.
std::vector<incident_run> run_all(std::vector<incident> runs, const rule_files& rules,
                                  const execution_settings& settings);

}  // namespace cohort::simulation::alerts

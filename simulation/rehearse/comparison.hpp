// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/sim/plan/plan.hpp>
#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// A value of a phase: predicted, and measured in one or more runs.
struct compared_value {
  enum class unit { per_second, percent, microseconds, ratio };
  std::string name;
  unit value_unit = unit::percent;
  double simulated = 0;
  /// One value for each real run, sorted.
  std::vector<double> measured;
  bool simulated_is_lower_bound = false;
  bool measured_is_lower_bound = false;

  double median() const;
  bool is_within_spread() const;
  /// `+12 %` of the measured value, or `+3.1 points` for percentages.
  std::string difference() const;
  std::string format_simulated() const;
  std::string format_measured() const;
};

struct compared_phase {
  std::string name;
  double start_s = 0;
  double length_s = 0;
  std::vector<compared_value> values;
};

/// The comparison of a scenario, or of a rate without faults.
struct comparison {
  std::string name;
  std::vector<compared_phase> phases;
  /// Reasons why the prediction is outside the model's range of validity; empty if it is valid.
  std::vector<std::string> warnings;
  observed_run simulated;
  std::vector<observed_run> real;
};

/// Precondition: `real` is not empty. The prediction is outside the model's range of validity if its load exceeds
/// `calibrated_rate`, in attempts per second.
comparison compare(observed_run simulated, std::vector<observed_run> real, double calibrated_rate,
                   const std::vector<std::string>& plan_warnings);

}  // namespace cohort::simulation::rehearsal

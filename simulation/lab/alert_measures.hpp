// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/plan.hpp>

namespace cohort::simulation::labs {

/// The values of an alert in one run of a scenario.
struct alert_measures {
  /// See `measure::detection_time`, in seconds.
  double detection_time = 0;
  /// See `measure::resolution_time`, in seconds.
  double resolution_time = 0;
  /// See `measure::false_alarms`.
  double false_alarms = 0;
};

/// Computes the values from `firings`, the firings of `rule` in a run of `scenario`.
alert_measures measure_alert(const sim::alert_rule& rule, const sim::planned_scenario& scenario,
                             const std::vector<sim::alert_firing>& firings);

}  // namespace cohort::simulation::labs

// SPDX-License-Identifier: BSL-1.0
#include "simulation/lab/alert_measures.hpp"

#include <algorithm>
#include <limits>

namespace cohort::simulation::labs {
namespace {

double detection_time(const sim::planned_fault& fault, const std::vector<sim::alert_firing>& firings) {
  for (const auto& firing : firings) {
    const bool has_ended = firing.end && *firing.end <= fault.at;
    if (has_ended || firing.begin > fault.at + fault.length) continue;
    // The alert may already fire at the start of the fault, for another reason.
    return to_seconds(std::max(firing.begin - fault.at, duration{0}));
  }
  return std::numeric_limits<double>::infinity();
}

double resolution_time(const sim::planned_fault& fault, const std::vector<sim::alert_firing>& firings) {
  const auto end = fault.at + fault.length;
  double longest = 0;
  for (const auto& firing : firings) {
    if (firing.begin > end) continue;
    longest = std::max(longest, firing.end ? to_seconds(*firing.end - end) : std::numeric_limits<double>::infinity());
  }
  return longest;
}

}  // namespace

alert_measures measure_alert(const sim::alert_rule& rule, const sim::planned_scenario& scenario,
                             const std::vector<sim::alert_firing>& firings) {
  alert_measures measured;
  for (const auto& fault : scenario.faults) {
    measured.detection_time = std::max(measured.detection_time, detection_time(fault, firings));
    measured.resolution_time = std::max(measured.resolution_time, resolution_time(fault, firings));
  }
  const auto window = *std::max_element(rule.windows.begin(), rule.windows.end());
  for (const auto& firing : firings) {
    const bool has_cause = std::any_of(scenario.faults.begin(), scenario.faults.end(), [&](const auto& fault) {
      return firing.begin >= fault.at && firing.begin <= fault.at + fault.length + window;
    });
    if (!has_cause) ++measured.false_alarms;
  }
  return measured;
}

}  // namespace cohort::simulation::labs

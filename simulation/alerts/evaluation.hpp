// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/alerts/incident.hpp"
#include "simulation/alerts/rule_test.hpp"

namespace cohort::simulation::alerts {

/// A run and the alerts that fired in it.
struct incident_run {
  incident run;
  std::vector<firing> firings;
};

/// Detection statistics of an alert over all runs.
struct alert_statistics {
  /// Incidents that the alert must detect, counted once for each expected label.
  std::size_t expected_count = 0;
  std::size_t missed_count = 0;
  /// Times from the start of the fault to the first evaluation at which the alert fires.
  std::vector<duration> detection_times;
  /// Incidents in which a series of the alert fired more than once.
  std::size_t flapping_incident_count = 0;
  /// Firings in quiet runs, and before the fault of an incident.
  std::size_t false_alarm_count = 0;
  /// Incidents in which the alert fired but was not expected.
  std::size_t unexpected_incident_count = 0;

  /// A quantile of the detection times; empty if no incident was detected.
  std::optional<duration> detection_time(double probability) const;
};

/// The reason why the simulation cannot evaluate an alert; empty if it can.
std::string_view reason_not_evaluated(std::string_view alert);
/// The alerts that the simulation can evaluate.
std::set<std::string> evaluated_alerts(const rule_files& rules);

/// The statistics of all evaluated alerts.
std::map<std::string, alert_statistics> evaluate(const std::vector<incident_run>& runs, const rule_files& rules);

/// Returns tables in Markdown: the alerts, the kinds of incidents, and the alerts that are not evaluated. Ends with
/// `command`.
std::string render_tables(const std::vector<incident_run>& runs, const rule_files& rules, const std::string& command);
/// Returns text with one line for each run and each firing.
std::string render_runs(const std::vector<incident_run>& runs);

}  // namespace cohort::simulation::alerts

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/audit/deadline_audit.hpp>
#include <cohort/sim/fleet.hpp>
#include "loadgen/results/report.hpp"
#include "tests/sim/scenario.hpp"

namespace cohort::test {

/// The statistics of the load generator, by the path of the requests.
using load_reports = std::map<std::string, loadgen::run_report, std::less<>>;

/// Cohort's four services, the load generator and two weather providers as a simulated fleet.
class simulated_stack {
 public:
  /// `run` must outlive the stack. Throws `std::invalid_argument` if `run` is invalid.
  explicit simulated_stack(const sim::schedule& run, sim::event_log::mode recorded = sim::event_log::mode::hash,
                           bool is_audited = false);

  /// Sends all requests, with the faults at their times.
  load_reports run_load();

  const sim::schedule& schedule;
  const test::scenario scenario;
  sim::fleet fleet;
  /// Empty if the stack was created without an audit.
  std::optional<sim::deadline_audit> audit;
  sim::node& dashboard;
  /// Hosts with a fault that may lose requests: unanswered requests are not a violation there.
  std::vector<const sim::host*> faulty_hosts;
  /// Nodes whose counters were reset to 0 by a restart.
  std::vector<const sim::node*> restarted_nodes;

  /// Returns whether the host is a replica of the time service.
  static bool is_time_service(const sim::host& host) { return host.name.starts_with(time_name); }
  /// Returns whether the host is a stub of a weather provider.
  static bool is_provider(const sim::host& host) { return host.name == wttr_name || host.name == open_meteo_name; }

 private:
  sim::node& add_nodes(bool is_audited);
  void record_fault(const sim::scheduled_event& event);
};

}  // namespace cohort::test

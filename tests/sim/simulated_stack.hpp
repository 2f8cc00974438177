// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <cohort/sim/fleet.hpp>
#include "loadgen/results/report.hpp"
#include "tests/sim/scenario.hpp"

namespace cohort::test {

/// The targets of the load, in the order of the report's targets.
enum class target_index { aggregate, time_proxy, weather, sysinfo };

/// Cohort's four services, the load generator and two weather providers as a simulated fleet.
class simulated_stack {
 public:
  explicit simulated_stack(const test::scenario& parameters,
                           sim::event_log::mode recorded = sim::event_log::mode::hash);

  /// Runs the whole load with `faults` running concurrently.
  loadgen::run_report run_load(task<> faults);

  const test::scenario scenario;
  sim::fleet fleet;
  sim::node& wttr;
  sim::node& open_meteo;
  std::vector<sim::node*> time_services;
  sim::node& sysinfo;
  sim::node& weather;
  sim::node& dashboard;
  /// Hosts with a fault that may lose requests: unanswered requests are not a violation there.
  std::vector<const sim::host*> faulty_hosts;
  /// Nodes whose counters started again at 0.
  std::vector<const sim::node*> restarted_nodes;
};

}  // namespace cohort::test

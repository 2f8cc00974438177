// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/plan/plan.hpp>

namespace cohort::sim {

/// The programs that a plan can name, each with a function that returns a new definition.
using program_catalog = std::map<std::string, node::definition_factory>;

/// Environment variables, by service, that replace the settings of the plan.
using setting_overrides = std::map<std::string, config::environment>;

/// Checks that each variable in the `environment` of each service of a plan is read by its program, or in a rehearsal
/// by its `real_program`. Returns the error: one line with the variable and the accepted variables, or the most similar
/// variable; empty if there is none. The variables of programs that are not in `programs` are not checked.
std::optional<std::string> find_unknown_variable(const plan& source, const program_catalog& programs = {});

/// The results of one run of a plan.
struct plan_run {
  caller_results callers;
  /// Requests that the services received, by name.
  std::map<std::string, std::uint64_t> requests;
  /// The utilization of the busiest machine of each service during the run, from 0 to 1.
  std::map<std::string, double> utilization;
  /// The CPU time of all instances of each service.
  std::map<std::string, duration> cpu_time;
  /// The duration of the deploy of each service that the scenario deploys; empty if the deploy has not ended by the end
  /// of the run.
  std::map<std::string, std::optional<duration>> deploy_times;
  /// The firings of each alert of the plan, by name.
  std::map<std::string, std::vector<alert_firing>> firings;
  /// The hash of all events: equal for equal runs.
  std::uint64_t hash = 0;

  double goodput() const noexcept;
  /// The number of requests to a service per call of the callers; 0 without calls.
  double requests_per_call(const std::string& service) const noexcept;
  /// The highest number of requests to one upstream per call of the callers; `source` is the plan of the run.
  double max_requests_per_call(const plan& source) const noexcept;
};

/// The fleet of a plan, for one run.
class planned_fleet {
 public:
  /// Throws `std::invalid_argument` if a program rejects a setting. `source` and `scenario` must outlive this object.
  planned_fleet(const plan& source, const planned_scenario& scenario, std::uint64_t seed,
                const program_catalog& programs = {}, const setting_overrides& overrides = {});
  ~planned_fleet();

  sim::fleet& fleet() noexcept { return fleet_; }
  /// The instances of each service, by name.
  const std::map<std::string, std::vector<node*>>& nodes() const noexcept { return nodes_; }
  const caller_results& callers() const noexcept { return callers_->results(); }
  /// Runs the load with the faults of the scenario, and waits for the last call.
  plan_run run();

 private:
  void add_service(const planned_service& service, const program_catalog& programs, const setting_overrides& overrides);
  sim::machine& machine_for(const planned_service& service, std::size_t instance);
  static task<> inject(planned_fleet& self, const planned_fault& fault);
  static task<> deploy(planned_fleet& self, const planned_deploy& deploy_settings);
  static task<> restart(planned_fleet& self, node& target, const planned_deploy& deploy_settings);
  static task<> deregister(planned_fleet& self, node& target, duration delay);

  const plan& plan_;
  const planned_scenario& scenario_;
  sim::fleet fleet_;
  std::map<std::string, std::vector<node*>> nodes_;
  std::map<std::string, std::shared_ptr<fault_effects>> effects_;
  std::map<std::string, sim::machine*> shared_machines_;
  std::map<std::string, std::vector<sim::machine*>> machines_;
  std::map<std::string, std::optional<duration>> deploy_times_;
  std::unique_ptr<caller_population> callers_;
};

}  // namespace cohort::sim

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/sim/model/alert_rule.hpp>
#include <cohort/sim/model/caller_population.hpp>
#include <cohort/sim/model/modeled_service.hpp>

namespace cohort::sim {

/// A service of a plan.
struct planned_service {
  std::string name;
  /// A program in the catalog of `planned_fleet`; empty for a modeled service.
  std::string program;
  /// The program that replaces a modeled service in a rehearsal on real programs; a program that runs the model if
  /// empty.
  std::string real_program;
  std::shared_ptr<const service_model> model;
  std::size_t instances = 1;
  /// Number of cores of the machine of each instance, unless `machine` names a machine that services share.
  std::size_t cores = 1;
  std::size_t threads = 1;
  std::string machine;
  cpu_costs costs;
  config::environment environment;
};

/// A fault of a service during a part of the run.
struct planned_fault {
  duration at{};
  duration length{};
  std::string service;
  fault_effects effects;
  /// The number of instances whose processes are killed, and restarted at the end.
  std::size_t killed = 0;
  /// The number of instances whose machines lose their power, and are restarted at the end. Unlike a host with a killed
  /// process, a powered-off host does not refuse connections: it does not respond at all.
  std::size_t powered_off = 0;
};

/// A rolling deploy: batches of instances are stopped, as by SIGTERM (including the `DRAIN_DELAY` of the service), and
/// new processes are started in their place.
struct planned_deploy {
  duration at{};
  std::string service;
  /// Number of instances in a batch, which are restarted simultaneously.
  std::size_t batch = 1;
  /// Timeout of the drain: maximum time for requests in flight, after the service's `DRAIN_DELAY`.
  duration drain_timeout = std::chrono::seconds{10};
  /// Time from the signal until the service's name no longer resolves to the instance: the delay of the discovery
  /// system.
  duration deregistration{};
  /// Time from the end of a process until the new process accepts connections.
  duration startup{};
  /// Pause between two batches.
  duration pause{};
};

/// Faults and deploys that can occur together.
struct planned_scenario {
  std::string name;
  std::vector<planned_fault> faults;
  std::vector<planned_deploy> deploys;
};

/// The settings of `draw_scenarios`, which draws scenarios with random faults.
struct random_scenario_settings {
  /// The services that have faults: services of the plan, at least one.
  std::vector<std::string> services;
  std::size_t count = 1;
  std::uint64_t seed = 1;
};

/// The values that a search tries for one policy: for each key of a policy (`timeout`, `attempts`, …) a list of
/// strings.
struct policy_search_space {
  std::string service;
  std::string variable;
  std::vector<std::pair<std::string, std::vector<std::string>>> choices;
};

/// Objectives that a choice of policies must meet in every scenario. Choices that meet the objectives are ranked by
/// goodput.
struct plan_objective {
  std::optional<double> min_goodput;
  std::optional<duration> max_p99;
  std::optional<double> max_amplification;
  /// Maximum loss of goodput of a scenario, compared with the plan's own settings.
  std::optional<double> max_loss;
};

/// The fault-free runs of a rehearsal on real programs.
struct planned_rehearsal {
  /// The calls per second at which the CPU costs are measured.
  double calibration_rate = 0;
  duration length{};
  /// Further rates, at which the predictions are compared with measurements.
  std::vector<double> rates;
};

/// A topology, its load, its faults, and the objectives.
struct plan {
  std::vector<planned_service> services;
  link_conditions links;
  /// Pauses of all cores, and of the callers' core.
  core_pauses pauses;
  /// The slowdown of the cores after an idle time, on all machines of services.
  idle_slowdown slowdown_after_idle;
  caller_settings load;
  std::string load_service;
  std::string load_path = "/";
  std::vector<planned_scenario> scenarios;
  /// The settings of the random scenarios, which are the last scenarios; empty if there are none.
  std::optional<random_scenario_settings> random_scenarios;
  std::vector<policy_search_space> search_spaces;
  plan_objective objective;
  std::vector<alert_rule> alerts;
  std::optional<planned_rehearsal> rehearsal;
  /// Sentences about parts of the plan that make its predictions less certain, such as a histogram whose last bucket is
  /// open. Predictions from such a plan must be marked.
  std::vector<std::string> warnings;

  const planned_service* find(std::string_view name) const noexcept;
};

/// Maximum size of a plan, and of each file that it names. The rest of a larger file is not read.
inline constexpr std::size_t max_plan_file_bytes = std::size_t{64} << 20U;

/// Reads a plan in JSON (docs/guide/deciding-by-simulation.md). File names in the plan are relative to `directory`. The
/// error is one line that names the value and the accepted values. `programs` are the names accepted for `program`.
result<plan, std::string> parse_plan(std::string_view json, const std::filesystem::path& directory = ".",
                                     const std::vector<std::string>& programs = {});

/// Parses a duration, such as `250us`, `1.5ms`, `3s` or `2min`.
std::optional<duration> parse_plan_duration(std::string_view text);

/// A distribution such as `2ms`, `uniform 1ms 5ms`, `exponential 3ms`, `lognormal 3ms 40ms` (median and p99),
/// `loadgen FILE [TARGET]` or `prometheus FILE METRIC [label=value …]`.
result<distribution, std::string> parse_distribution(std::string_view text,
                                                     const std::filesystem::path& directory = ".");

}  // namespace cohort::sim

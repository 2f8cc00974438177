// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/config/options.hpp>
#include <cohort/runtime/random.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::simulation::alerts {

class monitored_fleet;

/// An alert that must fire during an incident.
struct expected_alert {
  std::string name;
  /// A label that the firing alert must have, such as `job="time-service"`; if empty, labels are not checked.
  std::string label;
};

/// The load of an incident.
struct load_settings {
  /// The total rate of the callers in requests per second, without the variation.
  double requests_per_second = 5;
  /// The number of places for which weather is requested.
  std::size_t place_count = 12;
  /// The API key that callers send; none if empty.
  std::string api_key;
};

/// A run with a normal variation of the load, and with a fault from `fault_start` to `fault_end`. All random values
/// depend only on the seed.
struct incident {
  std::string kind;
  std::uint64_t seed = 0;
  duration length{};
  /// Zero for a quiet run without a deploy or a restart.
  duration fault_start{};
  duration fault_end{};
  /// The random values, for the list of runs.
  std::string description;
  load_settings load;
  /// Environment variables by service.
  std::map<std::string, config::environment> settings;
  std::vector<expected_alert> expected;
  /// The task starts at `fault_start`, injects the fault, and removes it at `fault_end`. Empty for a quiet run without
  /// a deploy or a restart.
  std::function<task<>(monitored_fleet&)> inject;
  /// Whether the metrics of the fault injector are scraped; true only for the incident of a forgotten injection.
  bool has_fault_metrics = false;

  bool is_quiet() const noexcept { return kind == quiet_kind; }
  static constexpr std::string_view quiet_kind = "quiet";
};

/// The definition of one kind of incident.
struct incident_kind {
  std::string_view name;
  /// The fault, with the range of the random values.
  std::string_view description;
  /// Draws the random values of an incident, except the times of its fault.
  void (*draw)(random_generator&, incident&);
};

/// The kinds, in the order of the report.
const std::vector<incident_kind>& incident_kinds();

/// The durations of an incident before, during and after the fault.
struct incident_times {
  duration before = std::chrono::minutes{8};
  duration fault = std::chrono::minutes{12};
  duration after = std::chrono::minutes{10};
};

/// Draws an incident of this kind. Its fault starts up to a scrape interval after `times.before`.
incident draw_incident(const incident_kind& kind, std::uint64_t seed, const incident_times& times = {});
/// Draws a run of this length without a fault. In a third of the runs, a service is redeployed; in another third, the
/// broker or etcd restarts.
incident draw_quiet_run(std::uint64_t seed, duration length);

}  // namespace cohort::simulation::alerts

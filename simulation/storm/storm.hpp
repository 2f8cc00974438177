// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/plan/planned_fleet.hpp>

namespace cohort::simulation {

/// The event that reduces the capacity of the fleet.
enum class storm_event {
  /// The back ends are temporarily slower.
  slow_back_ends,
  /// All instances are replaced: a tenth of the front ends at a time, and one back end at a time.
  deploy,
  /// A third of all instances is powered off temporarily.
  zone_loss,
};

/// The settings of a simulation in which callers call front ends, and front ends call back ends, during an event.
struct storm_settings {
  storm_event event = storm_event::slow_back_ends;
  std::size_t front_end_count = 996;
  std::size_t back_end_count = 4;
  double calls_per_second = 2000;
  /// The load without retries, as a fraction of the capacity of the back ends.
  double utilization = 0.8;
  duration length = std::chrono::seconds{60};
  duration trigger_start = std::chrono::seconds{10};
  duration trigger_duration = std::chrono::seconds{10};
  /// For `slow_back_ends`: the factor by which the CPU time of the back ends increases during the trigger.
  double slowdown = 3;
  duration patience = std::chrono::seconds{1};
  /// The timeout of the front ends' calls to the back ends.
  std::chrono::milliseconds front_end_timeout{800};
  /// The maximum attempts of a caller, including the first.
  unsigned attempts = 3;
  std::uint64_t seed = 1;
};

/// A set of protections.
struct protection {
  std::string name;
  /// The policy of the front ends for calls to the back ends.
  std::string policy;
  /// Environment variables of the back ends.
  config::environment back_end_settings;
  bool has_caller_retries = true;
  /// For `storm_event::deploy`: the maximum time for the requests in flight of a replaced instance.
  duration drain_timeout{};
  /// For `storm_event::deploy`: the time for which a replaced instance accepts requests before it drains.
  std::chrono::seconds drain_delay{};
};

/// The sets of protections for an event, from none to all defaults of the framework.
std::vector<protection> protections(const storm_settings& settings);

struct storm_second {
  double goodput = 0;
  /// The number of requests that the back ends received per call of the callers.
  double amplification = 0;
};

struct storm_result {
  protection applied_protection;
  std::vector<storm_second> seconds;
  double goodput_before = 0;
  double goodput_during = 0;
  double goodput_after = 0;
  double max_amplification = 0;
  /// The length of the event; if a deploy does not end within the run, the time until the end of the run.
  duration event_length{};
  /// Time from the end of the event until goodput stays at 95 % of its previous level for five seconds; empty if it
  /// does not recover within the run.
  std::optional<duration> recovery;
  /// Whether the run lasts for at least five seconds after the event.
  bool is_recovery_observable = false;
  std::uint64_t event_count = 0;
  std::uint64_t hash = 0;
  /// Virtual seconds per second of CPU time.
  double speed = 0;
};

storm_result run_storm(const storm_settings& settings, const protection& applied_protection);

}  // namespace cohort::simulation

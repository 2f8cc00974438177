#pragma once

#include <vector>

#include "core/sim/fleet.hpp"
#include "loadgen/report.hpp"
#include "tests/sim/scenario.hpp"

// Cohort's own four services as a fleet, the load generator's schedule for a client, and the providers outside.
namespace cohort::test {

/// What the load asks for, in the order of the report's targets.
enum class asked_for { aggregate, time_proxy, weather, sysinfo };

class stack {
 public:
  explicit stack(const scenario& of, sim::trace::keeping what = sim::trace::keeping::hash);

  /// To its end, while `befall` goes on beside it.
  loadgen::report load(task<> befall);

  const scenario how;
  sim::fleet fleet;
  sim::member& wttr;
  sim::member& meteo;
  std::vector<sim::member*> time_services;
  sim::member& sysinfo;
  sim::member& weather;
  sim::member& dashboard;
  /// Whom something was done to that loses requests: what they did not answer is not held against them.
  std::vector<const sim::host*> broken;
  /// Whose counts began anew.
  std::vector<const sim::member*> restarted;
};

}  // namespace cohort::test

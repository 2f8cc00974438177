#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadgen/report.hpp"

namespace cohort::loadgen {

/// How a run ended, if not by itself.
struct ending {
  std::optional<std::string> stopped_because;
  /// By the person or system that runs it, not by an objective.
  bool interrupted = false;
};

/// Why the figures are the generator's rather than the server's; empty if they are not. Source of the rule: a run is
/// invalid if the 99th percentile of dispatch lag is over 1 ms and over a tenth of the tightest latency objective, if a
/// worker was busy for 80 % of a phase, if less than 99 % was started while it should have been, or if this machine ran
/// out of descriptors or local ports.
std::vector<std::string> why_invalid(const report& of, const std::vector<objective>& objectives);

verdict judge(const report& of, const std::vector<objective>& objectives, const ending& how);

}  // namespace cohort::loadgen

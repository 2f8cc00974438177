// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

/// Describes why a run ended before the end of its load profile; empty if it did not.
struct early_end {
  std::optional<std::string> stop_reason;
  /// Whether a signal ended the run, not an objective.
  bool is_interrupted = false;
};

/// A reason why the generator, not the server, limited the results.
struct generator_limit {
  /// `dispatch_lag`, `late_starts`, `worker_cpu`, `file_descriptors` or `local_ports`.
  std::string_view name;
  /// A sentence.
  std::string reason;
};

/// Returns the limits that the generator reached; empty if the run is valid. A run is invalid if
///  - the p99 of dispatch lag exceeds both 1 ms and a tenth of the tightest latency objective;
///  - fewer than 99 % of the requests started before the end of the load profile;
///  - a worker was busy for at least 80 % of a phase;
///  - the machine ran out of file descriptors or local ports.
std::vector<generator_limit> find_generator_limits(const run_report& report, const std::vector<objective>& objectives);

run_verdict evaluate_run(const run_report& report, const std::vector<objective>& objectives, const early_end& end);

}  // namespace cohort::loadgen

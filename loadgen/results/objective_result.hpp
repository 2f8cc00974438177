// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#include "loadgen/measurement/request_stats.hpp"
#include "loadgen/results/objective.hpp"

namespace cohort::loadgen {

struct objective_result {
  objective definition;
  bool is_met = false;
  /// The measured value in the unit of the limit.
  double value = 0;
  /// Whether `value` is only a lower bound, so that an upper limit counts as missed.
  bool is_lower_bound = false;
};

/// `load_seconds` is the length of the load, for `rate`. Without requests, no objective is met.
objective_result evaluate(const objective& objective, const request_stats& stats, double load_seconds);

/// Whether the objective will be missed regardless of the remaining requests. `planned` is the maximum number of
/// requests at the end of the run. Always false for `mean` and `rate`, which can still change, and for a lower limit of
/// a percentile.
bool is_infeasible(const objective& objective, const request_stats& stats, std::uint64_t planned);

/// A value with its unit: `187 ms`, `0.02 %`, `998.2/s`. It has more digits if rounding would make it equal to the
/// limit or to 100 %.
std::string format_value(const objective& objective, double value);

}  // namespace cohort::loadgen

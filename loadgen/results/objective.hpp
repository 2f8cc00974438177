// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::loadgen {

/// A service level objective of `--slo`: `[target:]measure<limit`, with `<`, `<=`, `>` or `>=`; spaces are allowed
/// between the parts.
///
/// Measures: any percentile (`p50`, `p99.99`), `mean` and `max` of the response time, with a limit in `us`, `ms` or
/// `s`; `error_rate` and `goodput`, with a limit in `%`; `rate`, in responses per second, with a limit without a unit.
struct objective {
  enum class measure { percentile, mean, max, error_rate, goodput, rate };
  enum class comparison_operator { less, less_or_equal, greater, greater_or_equal };

  std::string text;    // as given
  std::string target;  // empty for all targets together
  measure measured = measure::percentile;
  double percent = 99;
  comparison_operator comparison = comparison_operator::less;
  /// The limit in microseconds, as a ratio (0.001 for 0.1 %), or in responses per second.
  double limit = 0;
};

/// Errors: one sentence that quotes `text` and lists the accepted values. The caller must check that the target exists,
/// and that a deadline is set for `goodput`.
result<objective, std::string> parse_objective(std::string_view text);

/// True for percentiles, `mean` and `max`, whose limit is in microseconds.
bool is_latency(objective::measure measure) noexcept;
/// True for `error_rate` and `goodput`, whose limit is a ratio.
bool is_ratio(objective::measure measure) noexcept;
/// Whether the objective is an upper limit: `<` or `<=`.
bool is_upper_limit(const objective& objective) noexcept;
/// Whether `value`, in the unit of the limit, meets the objective.
bool is_met_by(const objective& objective, double value) noexcept;

}  // namespace cohort::loadgen

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/task.hpp"

namespace cohort::loadgen {

struct tally;
struct report;

/// A service level objective, as `--slo` has it: `[target:]measure<limit`.
///
/// Measures: `p50` … `p99.99` (any percentile), `mean` and `max` of the response time (limit with `us`, `ms` or `s`);
/// `error_rate` and `goodput` (limit with `%`); `rate` in answers per second (no unit). `<`, `<=`, `>`, `>=`; blanks
/// between the parts.
struct objective {
  enum class measure { percentile, mean, max, error_rate, goodput, rate };
  enum class comparison { less, less_or_equal, greater, greater_or_equal };

  std::string text;    // as written
  std::string target;  // empty: all together
  measure of = measure::percentile;
  double percent = 99;
  comparison how = comparison::less;
  /// Microseconds, a share (0.001 for 0.1 %), or answers per second.
  double limit = 0;
};

/// What is wrong is one sentence that quotes it and says what it may be. `goodput` wants a deadline; whether there is
/// one, and whether the target exists, is for the caller to check.
result<objective, std::string> parse_objective(std::string_view text);

struct objective_result {
  objective wanted;
  bool held = false;
  double was = 0;            // in the unit of `limit`
  bool lower_bound = false;  // `was` is only the least that it can have been; so no `<` was shown to hold
};

/// `over_seconds` is how long the load lasted, for `rate`. With no request at all, nothing holds.
objective_result evaluate(const objective& wanted, const tally& of, double over_seconds);

/// Whether it will have failed whatever the requests do that are still to come: `planned_in_all` is how many this tally
/// will have had in the end, at most. Never true for `mean` and `rate`, which can recover, nor for a percentile that is
/// to be greater.
bool is_lost(const objective& wanted, const tally& so_far, std::uint64_t planned_in_all);

/// `187 ms`, `0.02 %`, `998.2/s`: a measure's value for people. With more digits where it would otherwise look like the
/// limit, or like 100 %, and is not.
std::string describe(const objective& wanted, double value);

}  // namespace cohort::loadgen

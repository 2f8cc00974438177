#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/runtime/task.hpp"

namespace cohort::loadgen {

/// What of a run is compared with another's: a value for each whole interval.
struct run_series {
  std::vector<std::pair<std::string, std::string>> fingerprint;
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<double> failed_share;  // failures over all that ended in the interval
};

/// Mann and Whitney's rank-sum test (1947), two-sided, with the normal approximation, corrected for ties and for
/// continuity: how likely two samples this far apart would be if they came from the same source. 1 for empty ones.
double rank_sum_p_value(const std::vector<double>& a, const std::vector<double>& b);

/// The median of all differences `now − before` (Hodges and Lehmann 1963).
double typical_shift(const std::vector<double>& before, const std::vector<double>& now);

struct compared_measure {
  std::string name;  // `p50`, `p99`, `failed`
  /// Medians over intervals. Of failures the means: they come in bursts, of which no median tells.
  double before = 0;
  double now = 0;
  /// The typical shift between the same stretches of both runs, on the average; of failures, between the means.
  double shift = 0;
  /// The rank-sum test's, with the intervals of the same stretch of both runs against each other, and counted for as
  /// many as they are worth: one second resembles the next.
  double p_value = 1;
  /// Significant (p < 0.01) and large enough to matter: 5 % of what it was, and 50 µs, or 0.1 % more failures.
  bool worse = false;
  bool better = false;
};

struct comparison {
  std::string file;
  std::vector<compared_measure> measures;
  bool regressed() const noexcept;
};

/// Refuses runs that are not alike, saying in one sentence what differs; and those with fewer than 8 intervals, from
/// which nothing could be concluded. Where only a measure has fewer, since next to nothing was answered, that one is
/// neither better nor worse.
result<comparison, std::string> compare(const run_series& before, const run_series& now, std::string file);

}  // namespace cohort::loadgen

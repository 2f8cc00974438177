// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

namespace cohort::loadgen {

/// The ranks of values, from 1; equal values have the mean of their ranks.
struct ranking {
  std::vector<double> ranks;
  /// The sum of t³ − t over the groups of t equal values, for the correction for ties.
  double tie_term = 0;
};
ranking rank_values(const std::vector<double>& values);

/// Mann and Whitney's U statistic of two samples.
struct rank_sum {
  /// U minus its expectation if both samples have the same distribution.
  double excess = 0;
  double variance = 0;

  /// The excess in standard deviations, corrected for continuity.
  double z_score() const;
};
rank_sum compute_rank_sum(const std::vector<double>& a, const std::vector<double>& b);

/// The two-sided p-value of a z-score.
double two_sided_p_value(double z_score);

/// The two-sided p-value of the rank-sum test (Mann and Whitney 1947), in its normal approximation, corrected for ties
/// and for continuity. Returns 1 if a sample is empty.
double rank_sum_p_value(const std::vector<double>& a, const std::vector<double>& b);

/// The median of all differences `now − before` (Hodges and Lehmann 1963). Zero if a sample is empty.
double hodges_lehmann_shift(const std::vector<double>& before, const std::vector<double>& now);

double mean(const std::vector<double>& values);
double median(std::vector<double> values);

}  // namespace cohort::loadgen

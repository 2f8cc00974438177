// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <cohort/runtime/task.hpp>

namespace cohort::loadgen {

/// The series of a run for the comparison of two runs: one value for each full interval.
struct run_series {
  std::vector<std::pair<std::string, std::string>> fingerprint;
  std::vector<double> p50_us;         // of intervals with responses
  std::vector<double> p99_us;         // of intervals with responses
  std::vector<double> failure_ratio;  // failed requests divided by all requests that ended in the interval
};

struct measure_change {
  std::string name;  // `p50`, `p99` or `failed`
  /// Medians over the intervals; for failure ratios the means, because a median would hide bursts of failures.
  double before = 0;
  double now = 0;
  /// The mean of the Hodges-Lehmann shifts of the segments; for failure ratios the difference of the means.
  double shift = 0;
  /// The p-value of the rank-sum test over the segments, corrected for autocorrelation between intervals.
  double p_value = 1;
  /// Significant (p < 0.01) and relevant: at least 5 % and 50 µs, or 0.1 % more failures.
  bool is_worse = false;
  bool is_better = false;
};

struct baseline_comparison {
  std::string file;
  std::vector<measure_change> measures;
  bool has_regression() const noexcept;
};

/// Compares two runs. Errors, as one sentence: the fingerprints differ, or a run has fewer than 8 full intervals. A
/// single measure with fewer than 8 values is neither better nor worse.
result<baseline_comparison, std::string> compare_runs(const run_series& before, const run_series& now,
                                                      std::string file);

}  // namespace cohort::loadgen

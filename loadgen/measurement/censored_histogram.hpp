// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loadgen/measurement/histogram.hpp"

namespace cohort::loadgen {

/// A percentile, or its lower bound if censored values could change it.
struct percentile_value {
  std::uint64_t microseconds = 0;
  bool is_lower_bound = false;
  friend bool operator==(const percentile_value&, const percentile_value&) = default;
};

/// A histogram with right-censored values: durations of requests that were never sent or had no response by the end
/// are known only to exceed the time observed. If they were omitted, the percentiles would be too low.
class censored_histogram {
 public:
  void record(duration value) { observed_.record(value); }
  /// Records a duration known to be at least `lower_bound`. Rounds down to a microsecond, so that the result is still a
  /// lower bound.
  void record_censored(duration lower_bound);
  void add(const censored_histogram& other);

  const histogram& observed() const noexcept { return observed_; }
  /// The lower bounds of the censored values.
  const histogram& censored() const noexcept { return censored_; }
  /// The number of all values, observed and censored.
  std::uint64_t count() const noexcept { return observed_.count() + censored_.count(); }
  std::uint64_t censored_count() const noexcept { return censored_.count(); }

  /// The result is exact if the percentile is in the same bucket in both extreme cases: all censored durations equal
  /// their bounds, or all are infinite. Otherwise, it is a lower bound. For 100, returns the maximum.
  percentile_value percentile(double percent) const;

 private:
  histogram observed_;
  histogram censored_;
};

}  // namespace cohort::loadgen

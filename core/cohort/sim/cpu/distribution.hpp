// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <vector>

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// A distribution of durations, for CPU costs and for the latency of stub servers. Negative durations do not occur.
/// Each value is drawn by inversion from one 64-bit random number. Two simulations with the same seed but other
/// parameters therefore draw comparable values (common random numbers).
class distribution {
 public:
  /// A bucket of a histogram: `count` values that exceed the upper bound of the previous bucket, but not `upper_bound`.
  struct bucket {
    duration upper_bound;
    std::uint64_t count;
  };

  /// A distribution whose values are always zero.
  distribution() noexcept = default;
  static distribution constant(duration value);
  static distribution uniform(duration min, duration max);
  static distribution exponential(duration mean);
  /// The lognormal distribution with this median and this 99th percentile: the usual shape of service times. Throws
  /// `std::invalid_argument` unless 0 < median <= p99.
  static distribution lognormal(duration median, duration p99);
  /// Linear interpolation within the buckets of a measured histogram, whose first bucket starts at `lowest`.
  /// `overflow_count` values are greater than the last bound; such values are drawn as the last bound (see
  /// `overflow_fraction`). Throws `std::invalid_argument` if there is no value or if the bounds do not ascend.
  static distribution empirical(std::vector<bucket> buckets, std::uint64_t overflow_count = 0,
                                duration lowest = duration{0});

  /// The distribution of `factor` times each value. Precondition: `factor` is not negative.
  distribution scaled(double factor) const;

  duration draw(random_generator& random) const;
  duration mean() const;
  /// The quantile: the value that a fraction `probability` (0 to 1) of the draws does not exceed.
  duration quantile(double probability) const;
  bool is_zero() const noexcept { return shape_ == shape::constant && first_ == 0; }
  /// The fraction of values of unknown size, above the last bound of a measured histogram. Quantiles above `1 -
  /// overflow_fraction()` are lower bounds.
  double overflow_fraction() const noexcept { return overflow_fraction_; }

 private:
  enum class shape : std::uint8_t { constant, uniform, exponential, lognormal, empirical };

  shape shape_ = shape::constant;
  /// The parameters in nanoseconds: value; min and max; mean; or median and the deviation of the logarithm.
  double first_ = 0;
  double second_ = 0;
  double overflow_fraction_ = 0;
  std::vector<bucket> buckets_;
  std::uint64_t total_ = 0;
};

}  // namespace cohort::sim

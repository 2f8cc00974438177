// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/cpu/distribution.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace cohort::sim {
namespace {

double nanoseconds(duration value) { return static_cast<double>(std::max(value, duration{0}).count()); }

/// The quantile function of the standard normal distribution, with a relative error below 1.15e-9.
/// Source: Peter J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" (2003).
double normal_quantile(double p) {
  constexpr double low = 0.02425;
  if (p < low || p > 1 - low) {
    const double q = std::sqrt(-2 * std::log(std::min(p, 1 - p)));
    const double tail = (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q -
                           2.549732539343734e+00) *
                              q +
                          4.374664141464968e+00) *
                             q +
                         2.938163982698783e+00) /
                        ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q +
                          3.754408661907416e+00) *
                             q +
                         1);
    return p < low ? tail : -tail;
  }
  const double q = p - 0.5;
  const double r = q * q;
  return (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
            1.383577518672690e+02) *
               r -
           3.066479806614716e+01) *
              r +
          2.506628277459239e+00) *
         q /
         (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
            6.680131188771972e+01) *
               r -
           1.328068155288572e+01) *
              r +
          1);
}

/// The tail of a lognormal distribution can exceed what `duration` can represent.
constexpr duration max_value = std::chrono::hours{24 * 365};

/// `value` is in nanoseconds.
duration to_duration(double value) {
  return duration{static_cast<duration::rep>(std::min(value, nanoseconds(max_value)) + 0.5)};
}

/// The quantile of the standard normal distribution at 0.99.
constexpr double normal_p99 = 2.3263478740408408;

}  // namespace

distribution distribution::constant(duration value) {
  distribution result;
  result.first_ = nanoseconds(value);
  return result;
}

distribution distribution::uniform(duration min, duration max) {
  if (max < min) throw std::invalid_argument("a uniform distribution needs min <= max");
  distribution result;
  result.shape_ = shape::uniform;
  result.first_ = nanoseconds(min);
  result.second_ = nanoseconds(max);
  return result;
}

distribution distribution::exponential(duration mean) {
  distribution result;
  result.shape_ = shape::exponential;
  result.first_ = nanoseconds(mean);
  return result;
}

distribution distribution::lognormal(duration median, duration p99) {
  if (median <= duration{0} || p99 < median) {
    throw std::invalid_argument("a lognormal distribution needs 0 < median <= p99");
  }
  distribution result;
  result.shape_ = shape::lognormal;
  result.first_ = nanoseconds(median);
  result.second_ = std::log(nanoseconds(p99) / nanoseconds(median)) / normal_p99;
  return result;
}

distribution distribution::empirical(std::vector<bucket> buckets, std::uint64_t overflow_count, duration lowest) {
  distribution result;
  result.shape_ = shape::empirical;
  result.first_ = nanoseconds(lowest);
  result.total_ = overflow_count;
  auto bound = lowest;
  for (const auto& entry : buckets) {
    if (entry.upper_bound < bound) throw std::invalid_argument("the bounds of a histogram must ascend");
    bound = entry.upper_bound;
    result.total_ += entry.count;
  }
  if (result.total_ == 0 || buckets.empty()) throw std::invalid_argument("a histogram without values");
  result.overflow_fraction_ = static_cast<double>(overflow_count) / static_cast<double>(result.total_);
  result.buckets_ = std::move(buckets);
  return result;
}

distribution distribution::scaled(double factor) const {
  auto result = *this;
  result.first_ *= factor;
  // For a lognormal distribution, `second_` is the deviation of the logarithm, which scaling does not change.
  if (shape_ != shape::lognormal) result.second_ *= factor;
  for (auto& entry : result.buckets_) {
    entry.upper_bound = duration{static_cast<duration::rep>(nanoseconds(entry.upper_bound) * factor + 0.5)};
  }
  return result;
}

duration distribution::draw(random_generator& random) const {
  return shape_ == shape::constant ? quantile(0) : quantile(random.uniform());
}

duration distribution::quantile(double probability) const {
  // The quantile is infinite at 0 and 1: a random number can be 0, and a caller can pass 1.
  const double inner_probability = std::clamp(probability, 0x1.0p-54, 1 - 0x1.0p-53);
  switch (shape_) {
    case shape::constant: break;
    case shape::uniform: return to_duration(first_ + (second_ - first_) * probability);
    case shape::exponential: return to_duration(-first_ * std::log1p(-inner_probability));
    case shape::lognormal: return to_duration(first_ * std::exp(second_ * normal_quantile(inner_probability)));
    case shape::empirical: {
      const double rank = probability * static_cast<double>(total_);
      double cumulative_count = 0;
      double lower = first_;
      for (const auto& entry : buckets_) {
        const auto count = static_cast<double>(entry.count);
        const auto upper = nanoseconds(entry.upper_bound);
        if (count > 0 && rank <= cumulative_count + count)
          return to_duration(lower + (upper - lower) * (rank - cumulative_count) / count);
        cumulative_count += count;
        lower = upper;
      }
      return buckets_.back().upper_bound;
    }
  }
  return to_duration(first_);
}

duration distribution::mean() const {
  switch (shape_) {
    case shape::constant:
    case shape::exponential: break;
    case shape::uniform: return to_duration((first_ + second_) / 2);
    case shape::lognormal: return to_duration(first_ * std::exp(second_ * second_ / 2));
    case shape::empirical: {
      double sum = overflow_fraction_ * static_cast<double>(total_) * nanoseconds(buckets_.back().upper_bound);
      double lower = first_;
      for (const auto& entry : buckets_) {
        const auto upper = nanoseconds(entry.upper_bound);
        sum += (lower + upper) / 2 * static_cast<double>(entry.count);
        lower = upper;
      }
      return to_duration(sum / static_cast<double>(total_));
    }
  }
  return to_duration(first_);
}

}  // namespace cohort::sim

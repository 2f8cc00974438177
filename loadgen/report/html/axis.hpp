// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::loadgen::html {

/// Maps values between the ends of an axis to positions.
class scale {
 public:
  static scale linear(double minimum, double maximum) { return {minimum, maximum, false}; }
  /// Precondition: `minimum` is positive.
  static scale logarithmic(double minimum, double maximum) { return {minimum, maximum, true}; }

  /// The relative position of a value: 0 at the minimum, 1 at the maximum. Values outside the axis are clamped.
  double position(double value) const noexcept;

 private:
  scale(double minimum, double maximum, bool is_logarithmic);
  double transform(double value) const noexcept;

  bool is_logarithmic_;
  double start_;
  double end_;
};

struct tick {
  double value;
  std::string label;
};

struct axis {
  scale value_scale;
  std::vector<tick> ticks;
  std::string title;
};

/// The smallest step of 1, 2 or 5 times a power of ten with at most `max_steps` steps in `length`. Precondition:
/// `length` is positive.
double round_step(double length, unsigned max_steps);

/// A linear axis from zero to a round number above `maximum`.
axis linear_axis(double maximum, std::string title);
/// A logarithmic axis in microseconds between two numbers of the form 1, 2 or 5 times a power of ten. A short axis has
/// ticks at all of these numbers; a long axis has ticks only at powers of ten.
axis duration_axis(double minimum_us, double maximum_us, std::string title);
/// Seconds from zero to `length`, with ticks at round numbers of milliseconds, seconds, minutes, hours or days.
axis time_axis(duration length, std::string title);
/// HdrHistogram's percentile axis: the fraction of values above a percentile decreases tenfold from tick to tick. Its
/// values are results of `percentile_position`, from zero to `end`.
axis percentile_axis(double end, std::string title);
double percentile_position(double percent) noexcept;
double percentile_at(double position) noexcept;

}  // namespace cohort::loadgen::html

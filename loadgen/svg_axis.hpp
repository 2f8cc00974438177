#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/runtime/clock.hpp"

namespace cohort::loadgen::html {

/// Where values lie between the ends of an axis.
class scale {
 public:
  static scale linear(double least, double greatest) { return {least, greatest, false}; }
  /// `least` is above zero.
  static scale logarithmic(double least, double greatest) { return {least, greatest, true}; }

  /// 0 at one end, 1 at the other; what lies beyond an end is at that end.
  double position(double value) const noexcept;

 private:
  scale(double least, double greatest, bool logarithmic);
  double measure(double value) const noexcept;

  bool logarithmic_;
  double from_;
  double to_;
};

struct tick {
  double value;
  std::string label;
};

struct axis {
  scale along;
  std::vector<tick> ticks;
  std::string name;
};

/// The least of 1, 2 and 5 times a power of ten that takes at most `most` steps to `length`, which is above zero.
double round_step(double length, unsigned most);

/// From zero to a round number above `greatest`; labels as `rate_text` gives them.
axis amount_axis(double greatest, std::string name);
/// Logarithmic, in microseconds, between round numbers: 1, 2 and 5 times powers of ten where there are few of those,
/// else the powers.
axis duration_axis(double least_us, double greatest_us, std::string name);
/// Seconds from zero to exactly `length`, with ticks at round ones, minutes, hours or days.
axis time_axis(duration length, std::string name);
/// Percentiles as HdrHistogram plots them: from tick to tick the share of what is slower goes down by ten. Its values
/// are what `percentile_place` gives, from zero to `end`.
axis percentile_axis(double end, std::string name);
double percentile_place(double percent) noexcept;
double percent_at(double place) noexcept;

}  // namespace cohort::loadgen::html

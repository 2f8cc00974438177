// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

constexpr std::array<int, 3> round_digits{1, 2, 5};
constexpr double rounding_tolerance = 1e-9;

/// Returns 1, 2 and 5 times each power of ten, in microseconds, from 1 µs to beyond the maximum of the histograms.
std::vector<double> round_durations() {
  std::vector<double> durations;
  for (double power = 1; power <= 1e10; power *= 10) {
    for (const int digit : round_digits) durations.push_back(digit * power);
  }
  return durations;
}

std::string format_round_duration(double microseconds) {
  if (microseconds < 1e3) return format_number(microseconds) + " µs";
  if (microseconds < 1e6) return format_number(microseconds / 1e3) + " ms";
  return format_number(microseconds / 1e6) + " s";
}

struct time_unit {
  double seconds;
  std::string_view suffix;
};

/// The distance between ticks, and the unit of their labels.
struct time_step {
  double seconds;
  time_unit unit;
};
constexpr time_unit millisecond_unit{0.001, " ms"};
constexpr time_unit second_unit{1, " s"};
constexpr time_unit minute_unit{60, " min"};
constexpr time_unit hour_unit{3600, " h"};
constexpr time_unit day_unit{86'400, " d"};
constexpr auto time_steps = std::to_array<time_step>(
    {{0.001, millisecond_unit}, {0.002, millisecond_unit}, {0.005, millisecond_unit}, {0.01, millisecond_unit},
     {0.02, millisecond_unit},  {0.05, millisecond_unit},  {0.1, millisecond_unit},   {0.2, millisecond_unit},
     {0.5, millisecond_unit},   {1, second_unit},          {2, second_unit},          {5, second_unit},
     {10, second_unit},         {20, second_unit},         {30, second_unit},         {60, minute_unit},
     {120, minute_unit},        {300, minute_unit},        {600, minute_unit},        {1200, minute_unit},
     {1800, minute_unit},       {3600, hour_unit},         {7200, hour_unit},         {10'800, hour_unit},
     {21'600, hour_unit},       {43'200, hour_unit},       {86'400, day_unit}});

/// Maximum number of steps whose labels fit on a narrow screen.
constexpr unsigned max_time_steps = 6;

time_step time_step_for(double seconds) {
  for (const auto& step : time_steps) {
    if (std::floor(seconds / step.seconds) <= max_time_steps) return step;
  }
  return {round_step(seconds / day_unit.seconds, max_time_steps) * day_unit.seconds, day_unit};
}

}  // namespace

scale::scale(double minimum, double maximum, bool is_logarithmic)
    : is_logarithmic_(is_logarithmic), start_(transform(minimum)), end_(transform(maximum)) {}

double scale::transform(double value) const noexcept { return is_logarithmic_ ? std::log10(value) : value; }

double scale::position(double value) const noexcept {
  if (end_ <= start_ || (is_logarithmic_ && value <= 0)) return 0;
  return std::clamp((transform(value) - start_) / (end_ - start_), 0.0, 1.0);
}

double round_step(double length, unsigned max_steps) {
  const double min_step = length / max_steps;
  const double power = std::pow(10, std::floor(std::log10(min_step)));
  for (const int digit : round_digits) {
    if (digit * power >= min_step * (1 - rounding_tolerance)) return digit * power;
  }
  return 10 * power;
}

axis linear_axis(double maximum, std::string title) {
  const double step = round_step(maximum > 0 ? maximum : 1, 5);
  // Adds a margin of 2 % above the maximum, because a line at the edge would be hardly visible.
  const auto steps = std::max(1.0, std::ceil(maximum / step * 1.02));
  axis result{scale::linear(0, steps * step), {}, std::move(title)};
  for (double i = 0; i <= steps; ++i) result.ticks.push_back({i * step, format_number(i * step)});
  return result;
}

axis duration_axis(double minimum_us, double maximum_us, std::string title) {
  const auto durations = round_durations();
  const double minimum = std::clamp(minimum_us, 1.0, durations[durations.size() - 2]);
  const auto first = std::prev(std::upper_bound(durations.begin(), durations.end(), minimum));
  auto last = std::lower_bound(durations.begin(), durations.end(), maximum_us);
  last = std::max(last == durations.end() ? std::prev(last) : last, std::next(first));
  axis result{scale::logarithmic(*first, *last), {}, std::move(title)};
  const bool is_short = last - first <= 6;
  for (auto next = first; next <= last; ++next) {
    const bool is_power_of_ten = (next - durations.begin()) % std::ssize(round_digits) == 0;
    if (is_short || is_power_of_ten) result.ticks.push_back({*next, format_round_duration(*next)});
  }
  return result;
}

axis time_axis(duration length, std::string title) {
  const double seconds = std::max(to_seconds(length), 0.001);
  const auto [step, unit] = time_step_for(seconds);
  axis result{scale::linear(0, seconds), {{0, "0"}}, std::move(title)};
  for (double i = 1; i * step <= seconds * (1 + rounding_tolerance); ++i) {
    const auto label = format_number(std::round(i * step / unit.seconds)) + std::string{unit.suffix};
    result.ticks.push_back({i * step, label});
  }
  return result;
}

double percentile_position(double percent) noexcept { return -std::log10(std::max(1 - percent / 100, 1e-12)); }

double percentile_at(double position) noexcept { return 100 * (1 - std::pow(10, -position)); }

axis percentile_axis(double end, std::string title) {
  constexpr std::array<std::string_view, 7> labels{"0", "90", "99", "99.9", "99.99", "99.999", "99.9999"};
  axis result{scale::linear(0, end), {}, std::move(title)};
  for (std::size_t i = 0; i < labels.size() && static_cast<double>(i) <= end; ++i) {
    result.ticks.push_back({static_cast<double>(i), std::string{labels[i]}});
  }
  return result;
}

}  // namespace cohort::loadgen::html

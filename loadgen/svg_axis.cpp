#include "loadgen/svg_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "loadgen/figures.hpp"

namespace cohort::loadgen::html {
namespace {

constexpr std::array<int, 3> round_digits{1, 2, 5};

/// 1, 2 and 5 times powers of ten, in microseconds, to more than any histogram holds.
std::vector<double> round_durations() {
  std::vector<double> all;
  for (double power = 1; power <= 1e10; power *= 10) {
    for (const int digit : round_digits) all.push_back(digit * power);
  }
  return all;
}

std::string round_duration_text(double microseconds) {
  if (microseconds < 1e3) return rate_text(microseconds) + " µs";
  if (microseconds < 1e6) return rate_text(microseconds / 1e3) + " ms";
  return rate_text(microseconds / 1e6) + " s";
}

struct time_unit {
  double seconds;
  std::string_view name;
};

/// How far apart ticks may be, below a round number of days, and the unit in which they are then told.
struct time_step {
  double seconds;
  time_unit unit;
};
constexpr time_unit in_milliseconds{0.001, " ms"};
constexpr time_unit in_seconds{1, " s"};
constexpr time_unit in_minutes{60, " min"};
constexpr time_unit in_hours{3600, " h"};
constexpr time_unit in_days{86'400, " d"};
constexpr auto time_steps = std::to_array<time_step>(
    {{0.001, in_milliseconds}, {0.002, in_milliseconds}, {0.005, in_milliseconds}, {0.01, in_milliseconds},
     {0.02, in_milliseconds},  {0.05, in_milliseconds},  {0.1, in_milliseconds},   {0.2, in_milliseconds},
     {0.5, in_milliseconds},   {1, in_seconds},          {2, in_seconds},          {5, in_seconds},
     {10, in_seconds},         {20, in_seconds},         {30, in_seconds},         {60, in_minutes},
     {120, in_minutes},        {300, in_minutes},        {600, in_minutes},        {1200, in_minutes},
     {1800, in_minutes},       {3600, in_hours},         {7200, in_hours},         {10'800, in_hours},
     {21'600, in_hours},       {43'200, in_hours},       {86'400, in_days}});

/// Few enough for labels side by side on a narrow screen.
constexpr unsigned most_time_steps = 6;

time_step time_step_for(double seconds) {
  for (const auto& each : time_steps) {
    if (std::floor(seconds / each.seconds) <= most_time_steps) return each;
  }
  return {round_step(seconds / in_days.seconds, most_time_steps) * in_days.seconds, in_days};
}

}  // namespace

scale::scale(double least, double greatest, bool logarithmic)
    : logarithmic_(logarithmic), from_(measure(least)), to_(measure(greatest)) {}

double scale::measure(double value) const noexcept { return logarithmic_ ? std::log10(value) : value; }

double scale::position(double value) const noexcept {
  if (to_ <= from_ || (logarithmic_ && value <= 0)) return 0;
  return std::clamp((measure(value) - from_) / (to_ - from_), 0.0, 1.0);
}

double round_step(double length, unsigned most) {
  const double least = length / most;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const int digit : round_digits) {
    // A hair of room, so that a step that fits exactly is not missed by rounding.
    if (digit * power >= least * (1 - 1e-9)) return digit * power;
  }
  return 10 * power;
}

axis amount_axis(double greatest, std::string name) {
  const double step = round_step(greatest > 0 ? greatest : 1, 5);
  // A line along the top would be hard to see: there is some room above it.
  const auto steps = std::max(1.0, std::ceil(greatest / step * 1.02));
  axis made{scale::linear(0, steps * step), {}, std::move(name)};
  for (double i = 0; i <= steps; ++i) made.ticks.push_back({i * step, rate_text(i * step)});
  return made;
}

axis duration_axis(double least_us, double greatest_us, std::string name) {
  const auto all = round_durations();
  const double least = std::clamp(least_us, 1.0, all[all.size() - 2]);
  const auto below = std::prev(std::upper_bound(all.begin(), all.end(), least));
  auto above = std::lower_bound(all.begin(), all.end(), greatest_us);
  above = std::max(above == all.end() ? std::prev(above) : above, std::next(below));
  axis made{scale::logarithmic(*below, *above), {}, std::move(name)};
  const bool few = above - below <= 6;
  for (auto each = below; each <= above; ++each) {
    const bool power_of_ten = (each - all.begin()) % std::ssize(round_digits) == 0;
    if (few || power_of_ten) made.ticks.push_back({*each, round_duration_text(*each)});
  }
  return made;
}

axis time_axis(duration length, std::string name) {
  const double seconds = std::max(std::chrono::duration<double>(length).count(), 0.001);
  const auto [step, unit] = time_step_for(seconds);
  axis made{scale::linear(0, seconds), {{0, "0"}}, std::move(name)};
  for (double i = 1; i * step <= seconds * (1 + 1e-9); ++i) {
    made.ticks.push_back({i * step, rate_text(std::round(i * step / unit.seconds)) + std::string{unit.name}});
  }
  return made;
}

double percentile_place(double percent) noexcept { return -std::log10(std::max(1 - percent / 100, 1e-12)); }

double percent_at(double place) noexcept { return 100 * (1 - std::pow(10, -place)); }

axis percentile_axis(double end, std::string name) {
  constexpr std::array<std::string_view, 7> labels{"0", "90", "99", "99.9", "99.99", "99.999", "99.9999"};
  axis made{scale::linear(0, end), {}, std::move(name)};
  for (std::size_t i = 0; i < labels.size() && static_cast<double>(i) <= end; ++i) {
    made.ticks.push_back({static_cast<double>(i), std::string{labels[i]}});
  }
  return made;
}

}  // namespace cohort::loadgen::html

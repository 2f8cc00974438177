// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/objective_result.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace cohort::loadgen {
namespace {

using measure = objective::measure;

struct measurement {
  double value = 0;
  bool is_lower_bound = false;
};

measurement mean_of(const censored_histogram& times) {
  const auto sum = [](const histogram& part) { return part.mean() * static_cast<double>(part.count()); };
  return {(sum(times.observed()) + sum(times.censored())) / static_cast<double>(times.count()),
          times.censored_count() > 0};
}

double ratio(std::uint64_t part, std::uint64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

/// The measured value of the objective; empty if there is none.
std::optional<measurement> measure_value(const objective& objective, const request_stats& stats, double load_seconds) {
  const auto ended = total_count(stats.outcomes);
  const bool is_empty = is_latency(objective.measured) ? stats.response_time.count() == 0 : ended == 0;
  if (is_empty) return std::nullopt;
  switch (objective.measured) {
    case measure::mean: return mean_of(stats.response_time);
    case measure::error_rate: return measurement{stats.error_rate()};
    case measure::goodput: return measurement{ratio(stats.on_time, ended)};
    case measure::rate:
      return measurement{load_seconds > 0 ? static_cast<double>(response_count(stats.outcomes)) / load_seconds : 0};
    case measure::percentile:
    case measure::max: break;
  }
  const auto value = stats.response_time.percentile(objective.measured == measure::max ? 100 : objective.percent);
  return measurement{static_cast<double>(value.microseconds), value.is_lower_bound};
}

/// The number of durations that violate an upper limit.
std::uint64_t violation_count(const objective& objective, const histogram& times) {
  const bool is_strict = objective.comparison == objective::comparison_operator::less;
  const double longest = is_strict ? std::ceil(objective.limit) - 1 : std::floor(objective.limit);
  if (longest < 0) return times.count();
  return times.count() - times.count_at_or_below(static_cast<std::uint64_t>(longest));
}

bool is_percentile_infeasible(const objective& objective, const censored_histogram& times, std::uint64_t planned) {
  if (!is_upper_limit(objective)) return false;
  const auto total = std::max({planned, times.count(), std::uint64_t{1}});
  const auto allowed = total - percentile_rank(objective.measured == measure::max ? 100 : objective.percent, total);
  return violation_count(objective, times.observed()) + violation_count(objective, times.censored()) > allowed;
}

/// Whether a ratio misses its limit for every possible result of the remaining requests.
bool is_ratio_infeasible(const objective& objective, std::uint64_t counted, std::uint64_t ended,
                         std::uint64_t planned) {
  if (ended == 0) return false;
  const auto total = std::max(planned, ended);
  const auto remaining = total - ended;
  return !is_met_by(objective, ratio(counted + (is_upper_limit(objective) ? 0 : remaining), total));
}

/// Formats a number with at most `decimals` decimals, without trailing zeros.
std::string format_decimal(double value, int decimals) {
  std::array<char, 400> buffer;  // the largest double has 309 digits before the point
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals).ptr;
  std::string_view text{buffer.data(), end};
  if (decimals > 0) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  return std::string{text};
}

struct display_unit {
  double size;
  int significant_digits;
  std::string_view suffix;
};

display_unit unit_for(measure measure, double value) {
  if (is_ratio(measure)) return {0.01, 4, " %"};
  if (!is_latency(measure)) return {1, 4, "/s"};
  if (value < 1e3) return {1, 3, " µs"};
  return value < 1e6 ? display_unit{1e3, 3, " ms"} : display_unit{1e6, 3, " s"};
}

}  // namespace

objective_result evaluate(const objective& objective, const request_stats& stats, double load_seconds) {
  const auto measured = measure_value(objective, stats, load_seconds);
  if (!measured) return {.definition = objective};
  const bool is_known = !(measured->is_lower_bound && is_upper_limit(objective));
  return {.definition = objective,
          .is_met = is_known && is_met_by(objective, measured->value),
          .value = measured->value,
          .is_lower_bound = measured->is_lower_bound};
}

bool is_infeasible(const objective& objective, const request_stats& stats, std::uint64_t planned) {
  const auto ended = total_count(stats.outcomes);
  switch (objective.measured) {
    case measure::percentile:
    case measure::max: return is_percentile_infeasible(objective, stats.response_time, planned);
    case measure::error_rate: return is_ratio_infeasible(objective, stats.failure_count(), ended, planned);
    case measure::goodput: return is_ratio_infeasible(objective, stats.on_time, ended, planned);
    case measure::mean:
    case measure::rate: break;
  }
  return false;
}

std::string format_value(const objective& objective, double value) {
  const auto unit = unit_for(objective.measured, value);
  const double scaled = value / unit.size;
  const double limit = objective.limit / unit.size;
  const double maximum = is_ratio(objective.measured) ? 100 : limit;
  const auto rounds_to = [&](double other, int decimals) {
    return scaled != other && format_decimal(scaled, decimals) == format_decimal(other, decimals);
  };
  const auto integer_digits = scaled > 0 ? static_cast<int>(std::floor(std::log10(scaled))) + 1 : 0;
  int decimals = scaled > 0 ? std::max(unit.significant_digits - integer_digits, 0) : 0;
  while (decimals < 12 && (rounds_to(limit, decimals) || rounds_to(maximum, decimals))) ++decimals;
  return format_decimal(scaled, decimals).append(unit.suffix);
}

}  // namespace cohort::loadgen

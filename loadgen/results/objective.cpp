// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/objective.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "loadgen/measurement/histogram.hpp"

namespace cohort::loadgen {
namespace {

using measure = objective::measure;
using comparison_operator = objective::comparison_operator;

/// A description of the error; empty on success.
using parse_error = std::optional<std::string>;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string quote(std::string_view text) { return '"' + std::string{text} + '"'; }

/// `digits` × 10^`exponent`. Appends the exponent to the text instead of dividing, because the double 0.7 / 100 is not
/// the nearest double to 0.007.
std::optional<double> parse_decimal(std::string_view digits, int exponent = 0) {
  if (digits.empty() || digits.find_first_not_of("0123456789.") != digits.npos) return std::nullopt;
  const auto text = std::string{digits} + 'e' + std::to_string(exponent);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

parse_error parse_measure(std::string_view name, objective& objective) {
  struct named_measure {
    std::string_view name;
    measure measured;
  };
  static constexpr std::array<named_measure, 5> measures{{{"mean", measure::mean},
                                                          {"max", measure::max},
                                                          {"error_rate", measure::error_rate},
                                                          {"goodput", measure::goodput},
                                                          {"rate", measure::rate}}};
  for (const auto& candidate : measures) {
    if (candidate.name != name) continue;
    objective.measured = candidate.measured;
    return {};
  }
  const auto percent = name.starts_with('p') ? parse_decimal(name.substr(1)) : std::nullopt;
  if (!percent) {
    return (name.empty() ? "no measure" : "unknown measure " + quote(name)) +
           "; accepted: a percentile such as p50, p99 or p99.9, or mean, max, error_rate, goodput or rate";
  }
  if (*percent <= 0 || *percent > 100) {
    return "percentile " + quote(name) + " is out of range; accepted: above p0, up to p100";
  }
  objective.measured = measure::percentile;
  objective.percent = *percent;
  return {};
}

/// The power of ten between a limit's unit and the unit of `objective::limit`.
std::optional<int> unit_exponent(measure measure, std::string_view unit) {
  if (is_ratio(measure)) return unit == "%" ? std::optional{-2} : std::nullopt;
  if (!is_latency(measure)) return unit.empty() ? std::optional{0} : std::nullopt;
  if (unit == "us") return 0;
  if (unit == "ms") return 3;
  if (unit == "s") return 6;
  return std::nullopt;
}

std::string accepted_limits(measure measure) {
  if (is_ratio(measure)) return "a percentage such as 0.1%";
  return is_latency(measure) ? "a time in us, ms or s, such as 200ms" : "responses per second, without a unit";
}

parse_error parse_limit(std::string_view text, objective& objective) {
  const auto expected = "; expected " + accepted_limits(objective.measured);
  if (text.empty()) return "no limit" + expected;
  if (text.starts_with('-')) return "limit " + quote(text) + " is negative" + expected;
  const auto digits = text.substr(0, text.find_first_not_of("0123456789."));
  const auto unit = trim(text.substr(digits.size()));
  if (digits.empty()) return "limit " + quote(text) + " is not a number" + expected;
  const auto exponent = unit_exponent(objective.measured, unit);
  if (!exponent) {
    return (unit.empty() ? "limit " + quote(text) + " has no unit" : "unknown unit " + quote(unit)) + expected;
  }
  const auto number = parse_decimal(digits, *exponent);
  if (!number) return "limit " + quote(digits) + " is not a number, or too large" + expected;
  if (is_latency(objective.measured) && *number >= static_cast<double>(histogram::highest_trackable_value)) {
    return "limit " + quote(text) + " is too long; accepted: less than one hour";
  }
  if (is_ratio(objective.measured) && *number > 1)
    return "limit " + quote(text) + " is too large; accepted: up to 100%";
  objective.limit = *number;
  return {};
}

comparison_operator make_operator(bool is_less, bool includes_equal) {
  if (is_less) return includes_equal ? comparison_operator::less_or_equal : comparison_operator::less;
  return includes_equal ? comparison_operator::greater_or_equal : comparison_operator::greater;
}

/// Returns the best possible value for an objective.
double best_value(const objective& objective) {
  if (is_upper_limit(objective)) return 0;
  return is_ratio(objective.measured) ? 1 : std::numeric_limits<double>::infinity();
}

parse_error parse(std::string_view text, objective& objective) {
  const auto position = text.find_first_of("<>");
  if (position == text.npos) {
    return "no comparison operator; expected MEASURE<LIMIT such as p99<200ms, error_rate<0.1% or weather:p99<=1s";
  }
  const bool includes_equal = text.substr(position + 1).starts_with('=');
  objective.comparison = make_operator(text[position] == '<', includes_equal);

  auto name = trim(text.substr(0, position));
  if (const auto colon = name.rfind(':'); colon != name.npos) {
    objective.target = trim(name.substr(0, colon));
    if (objective.target.empty()) return "no target name before \":\"";
    name = trim(name.substr(colon + 1));
  }
  if (auto error = parse_measure(name, objective)) return error;
  if (auto error = parse_limit(trim(text.substr(position + (includes_equal ? 2 : 1))), objective)) return error;
  if (!is_met_by(objective, best_value(objective))) return "no value can meet the objective";
  return {};
}

}  // namespace

bool is_latency(measure measure) noexcept {
  return measure == measure::percentile || measure == measure::mean || measure == measure::max;
}

bool is_ratio(measure measure) noexcept { return measure == measure::error_rate || measure == measure::goodput; }

bool is_upper_limit(const objective& objective) noexcept {
  return objective.comparison == comparison_operator::less ||
         objective.comparison == comparison_operator::less_or_equal;
}

bool is_met_by(const objective& objective, double value) noexcept {
  switch (objective.comparison) {
    case comparison_operator::less: return value < objective.limit;
    case comparison_operator::less_or_equal: return value <= objective.limit;
    case comparison_operator::greater: return value > objective.limit;
    case comparison_operator::greater_or_equal: return value >= objective.limit;
  }
  return false;
}

result<objective, std::string> parse_objective(std::string_view text) {
  objective objective;
  objective.text = text;
  if (const auto error = parse(text, objective)) {
    return {boost::system::in_place_error, quote(text) + " is not a valid objective: " + *error + "."};
  }
  return objective;
}

}  // namespace cohort::loadgen

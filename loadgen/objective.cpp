#include "loadgen/objective.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "loadgen/report.hpp"

namespace cohort::loadgen {
namespace {

using measure = objective::measure;
using comparison_kind = objective::comparison;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == text.npos ? std::string_view{} : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string quoted(std::string_view text) { return '"' + std::string{text} + '"'; }

/// Digits with a point, times a power of ten: which is put to the text, since 0.7 / 100 is not the number nearest to
/// 0.007, and 7 / 1000 is.
std::optional<double> decimal(std::string_view digits, int power = 0) {
  if (digits.empty() || digits.find_first_not_of("0123456789.") != digits.npos) return std::nullopt;
  const auto text = std::string{digits} + 'e' + std::to_string(power);
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_time(measure of) { return of == measure::percentile || of == measure::mean || of == measure::max; }

bool is_share(measure of) { return of == measure::error_rate || of == measure::goodput; }

bool is_less(comparison_kind how) { return how == comparison_kind::less || how == comparison_kind::less_or_equal; }

bool holds(const objective& wanted, double value) {
  switch (wanted.how) {
    case comparison_kind::less: return value < wanted.limit;
    case comparison_kind::less_or_equal: return value <= wanted.limit;
    case comparison_kind::greater: return value > wanted.limit;
    case comparison_kind::greater_or_equal: return value >= wanted.limit;
  }
  return false;
}

/// What is wrong, or nothing.
using fault = std::optional<std::string>;

fault read_measure(std::string_view name, objective& into) {
  struct named {
    std::string_view name;
    measure of;
  };
  static constexpr std::array<named, 5> all{{{"mean", measure::mean},
                                             {"max", measure::max},
                                             {"error_rate", measure::error_rate},
                                             {"goodput", measure::goodput},
                                             {"rate", measure::rate}}};
  const auto found = std::find_if(all.begin(), all.end(), [&](const named& each) { return each.name == name; });
  if (found != all.end()) {
    into.of = found->of;
    return {};
  }
  const auto percent = name.starts_with('p') ? decimal(name.substr(1)) : std::nullopt;
  if (!percent) {
    return (name.empty() ? "it does not say what is to be measured" : quoted(name) + " is no measure") +
           "; that is a percentile such as p50, p99 or p99.9, or mean, max, error_rate, goodput or rate";
  }
  if (*percent <= 0 || *percent > 100) return quoted(name) + " is no percentile; they are above p0, up to p100";
  into.of = measure::percentile;
  into.percent = *percent;
  return {};
}

/// The power of ten from the unit to what `objective::limit` is in.
std::optional<int> power_of(measure of, std::string_view unit) {
  if (is_share(of)) return unit == "%" ? std::optional{-2} : std::nullopt;
  if (!is_time(of)) return unit.empty() ? std::optional{0} : std::nullopt;
  if (unit == "us") return 0;
  if (unit == "ms") return 3;
  if (unit == "s") return 6;
  return std::nullopt;
}

std::string units_of(measure of) {
  if (is_share(of)) return "a percentage such as 0.1%";
  return is_time(of) ? "a time in us, ms or s, such as 200ms" : "a number of answers per second without a unit";
}

fault read_limit(std::string_view text, objective& into) {
  const auto what = "; the limit is " + units_of(into.of);
  if (text.empty()) return "nothing follows the comparison" + what;
  if (text.starts_with('-')) return quoted(text) + " is negative" + what;
  const auto digits = text.substr(0, text.find_first_not_of("0123456789."));
  const auto unit = trimmed(text.substr(digits.size()));
  if (digits.empty()) return quoted(text) + " is no number" + what;
  const auto power = power_of(into.of, unit);
  if (!power) return (unit.empty() ? quoted(text) + " lacks its unit" : quoted(unit) + " is no unit for it") + what;
  const auto number = decimal(digits, *power);
  if (!number) return quoted(digits) + " is no number, or too great a one" + what;
  if (is_time(into.of) && *number >= static_cast<double>(histogram::greatest_trackable)) {
    return quoted(text) + " is too long; times are measured up to an hour";
  }
  if (is_share(into.of) && *number > 1) return quoted(text) + " is more than all; 100% is the most";
  into.limit = *number;
  return {};
}

fault read(std::string_view text, objective& into) {
  const auto at = text.find_first_of("<>");
  if (at == text.npos) return "it has no comparison, such as p99<200ms, error_rate<0.1% or weather:p99<=1s";
  const bool less = text[at] == '<';
  const bool or_equal = text.substr(at + 1).starts_with('=');
  into.how = less ? (or_equal ? comparison_kind::less_or_equal : comparison_kind::less)
                  : (or_equal ? comparison_kind::greater_or_equal : comparison_kind::greater);

  auto name = trimmed(text.substr(0, at));
  if (const auto colon = name.rfind(':'); colon != name.npos) {
    into.target = trimmed(name.substr(0, colon));
    if (into.target.empty()) return "it has a colon, and no target before that";
    name = trimmed(name.substr(colon + 1));
  }
  if (auto wrong = read_measure(name, into)) return wrong;
  if (auto wrong = read_limit(trimmed(text.substr(at + (or_equal ? 2 : 1))), into)) return wrong;
  if (!holds(into, less ? 0 : is_share(into.of) ? 1 : HUGE_VAL)) return "nothing can ever hold it";
  return {};
}

struct measured {
  double value = 0;
  bool lower_bound = false;
};

measured mean_of(const censored_histogram& of) {
  const auto sum = [](const histogram& part) { return part.mean() * static_cast<double>(part.count()); };
  return {(sum(of.known()) + sum(of.at_least())) / static_cast<double>(of.count()), of.censored() > 0};
}

double share(std::uint64_t part, std::uint64_t all) { return static_cast<double>(part) / static_cast<double>(all); }

/// Nothing where there was nothing to measure.
std::optional<measured> measured_of(const objective& wanted, const tally& of, double over_seconds) {
  const auto all = total(of.outcomes);
  if (is_time(wanted.of) ? of.response.count() == 0 : all == 0) return std::nullopt;
  switch (wanted.of) {
    case measure::mean: return mean_of(of.response);
    case measure::error_rate: return measured{of.error_rate()};
    case measure::goodput: return measured{share(of.on_time, all)};
    case measure::rate:
      return measured{over_seconds > 0 ? static_cast<double>(answers(of.outcomes)) / over_seconds : 0};
    case measure::percentile:
    case measure::max: break;
  }
  const auto value = of.response.percentile(wanted.of == measure::max ? 100 : wanted.percent);
  return measured{static_cast<double>(value.microseconds), value.lower_bound};
}

/// Those that are sure to be too long for a `<`.
std::uint64_t too_long(const objective& wanted, const histogram& of) {
  const double longest = wanted.how == comparison_kind::less ? std::ceil(wanted.limit) - 1 : std::floor(wanted.limit);
  return longest < 0 ? of.count() : of.count() - of.count_up_to(static_cast<std::uint64_t>(longest));
}

bool percentile_is_lost(const objective& wanted, const censored_histogram& response, std::uint64_t planned) {
  if (!is_less(wanted.how)) return false;
  const auto in_all = std::max({planned, response.count(), std::uint64_t{1}});
  const auto above_rank = in_all - rank_of(wanted.of == measure::max ? 100 : wanted.percent, in_all);
  return too_long(wanted, response.known()) + too_long(wanted, response.at_least()) > above_rank;
}

/// Whether a share fails even if all that are still to come go the way it wants.
bool share_is_lost(const objective& wanted, std::uint64_t counted, std::uint64_t ended, std::uint64_t planned) {
  if (ended == 0) return false;
  const auto in_all = std::max(planned, ended);
  return !holds(wanted, share(counted + (is_less(wanted.how) ? 0 : in_all - ended), in_all));
}

/// Without zeros at the end.
std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer;
  const auto made =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  std::string_view text{buffer.data(), made.ptr};
  if (decimals > 0) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  return std::string{text};
}

struct shown_unit {
  double size;
  int digits;
  std::string_view text;
};

shown_unit shown_unit_of(measure of, double value) {
  if (is_share(of)) return {0.01, 4, " %"};
  if (!is_time(of)) return {1, 4, "/s"};
  if (value < 1e3) return {1, 3, " µs"};
  return value < 1e6 ? shown_unit{1e3, 3, " ms"} : shown_unit{1e6, 3, " s"};
}

}  // namespace

result<objective, std::string> parse_objective(std::string_view text) {
  objective parsed;
  parsed.text = text;
  if (const auto wrong = read(text, parsed)) {
    return {boost::system::in_place_error, quoted(text) + " is no objective: " + *wrong + "."};
  }
  return parsed;
}

objective_result evaluate(const objective& wanted, const tally& of, double over_seconds) {
  const auto found = measured_of(wanted, of, over_seconds);
  if (!found) return {.wanted = wanted};
  const bool shown = !(found->lower_bound && is_less(wanted.how));
  return {.wanted = wanted,
          .held = shown && holds(wanted, found->value),
          .was = found->value,
          .lower_bound = found->lower_bound};
}

bool is_lost(const objective& wanted, const tally& so_far, std::uint64_t planned_in_all) {
  const auto ended = total(so_far.outcomes);
  switch (wanted.of) {
    case measure::percentile:
    case measure::max: return percentile_is_lost(wanted, so_far.response, planned_in_all);
    case measure::error_rate: return share_is_lost(wanted, ended - successes(so_far.outcomes), ended, planned_in_all);
    case measure::goodput: return share_is_lost(wanted, so_far.on_time, ended, planned_in_all);
    case measure::mean:
    case measure::rate: break;
  }
  return false;
}

std::string describe(const objective& wanted, double value) {
  const auto unit = shown_unit_of(wanted.of, value);
  const double shown = value / unit.size;
  const double limit = wanted.limit / unit.size;
  const double most = is_share(wanted.of) ? 100 : limit;
  const auto looks_like = [&](double other, int decimals) {
    return shown != other && fixed(shown, decimals) == fixed(other, decimals);
  };
  int decimals = shown > 0 ? std::max(unit.digits - 1 - static_cast<int>(std::floor(std::log10(shown))), 0) : 0;
  while (decimals < 12 && (looks_like(limit, decimals) || looks_like(most, decimals))) ++decimals;
  return fixed(shown, decimals).append(unit.text);
}

}  // namespace cohort::loadgen

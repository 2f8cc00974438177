// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/duration_format.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace cohort {
namespace {

/// Formats a number with at most `decimals` decimal places, without trailing zeros.
std::string format_number(double number, int decimals) {
  std::array<char, 400> digits{};
  const auto factor = std::pow(10.0, decimals);
  const auto rounded_number = std::round(number * factor) / factor;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), rounded_number).ptr};
}

}  // namespace

std::string format_duration(duration span) {
  const auto milliseconds = to_milliseconds(span);
  if (milliseconds < 0.9995) return format_number(milliseconds * 1000, 0) + " µs";
  if (milliseconds < 9.95) return format_number(milliseconds, 1) + " ms";
  if (milliseconds < 999.5) return format_number(milliseconds, 0) + " ms";
  if (milliseconds < 99'950) return format_number(milliseconds / 1000, milliseconds < 9995 ? 2 : 1) + " s";
  return format_coarse_duration(span);
}

std::string format_coarse_duration(duration span) {
  const auto whole_seconds = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count(), 0);
  const std::array<std::pair<std::int64_t, const char*>, 4> units{{{whole_seconds / 86'400, "d"},
                                                                   {whole_seconds / 3600 % 24, "h"},
                                                                   {whole_seconds / 60 % 60, "min"},
                                                                   {whole_seconds % 60, "s"}}};
  const auto* const first = std::ranges::find_if(units, [](const auto& unit) { return unit.first > 0; });
  if (first == units.end()) return "0 s";
  const auto format_unit = [](const auto& unit) { return std::to_string(unit.first) + " " + unit.second; };
  auto text = format_unit(*first);
  const auto* const second = std::next(first);
  if (second != units.end() && second->first > 0) text += " " + format_unit(*second);
  return text;
}

}  // namespace cohort

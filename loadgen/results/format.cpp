// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace cohort::loadgen {
namespace {

constexpr std::string_view no_value = "–";

/// Returns the place value of the third significant digit.
constexpr std::uint64_t third_digit_unit(std::uint64_t microseconds) noexcept {
  std::uint64_t unit = 1;
  while (microseconds / unit >= 1000) unit *= 10;
  return unit;
}

std::string format_rounded_duration(std::uint64_t microseconds) {
  if (microseconds < 1000) return std::to_string(microseconds) + " µs";
  const bool uses_milliseconds = microseconds < 1'000'000;
  const auto unit = uses_milliseconds ? std::uint64_t{1000} : std::uint64_t{1'000'000};
  const auto suffix = uses_milliseconds ? " ms" : " s";
  const auto whole = microseconds / unit;
  const auto decimals = whole < 10 ? 2 : whole < 100 ? 1 : 0;
  if (decimals == 0) return format_count(whole) + suffix;
  return format_fixed(static_cast<double>(microseconds) / static_cast<double>(unit), decimals) + suffix;
}

std::string trim_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string format_fixed(double value, int decimals) {
  if (!std::isfinite(value)) return std::string{no_value};
  std::array<char, 400> text;  // the largest double has 309 digits before the point
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals).ptr;
  return {text.data(), end};
}

std::string format_duration(std::uint64_t microseconds) {
  const auto unit = third_digit_unit(microseconds);
  return format_rounded_duration((microseconds + unit / 2) / unit * unit);
}

std::string format_duration(duration value) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  return format_duration(static_cast<std::uint64_t>(std::max<std::int64_t>(0, microseconds)));
}

std::string format_duration(const percentile_value& value) {
  if (!value.is_lower_bound) return format_duration(value.microseconds);
  const auto unit = third_digit_unit(value.microseconds);
  return "≥ " + format_rounded_duration(value.microseconds / unit * unit);
}

std::string format_percentile(const histogram& values, double percent) {
  return values.count() == 0 ? std::string{no_value} : format_duration(values.percentile(percent));
}

std::string format_percentile(const censored_histogram& values, double percent) {
  return values.count() == 0 ? std::string{no_value} : format_duration(values.percentile(percent));
}

std::string format_count(std::uint64_t count) {
  auto text = std::to_string(count);
  for (auto position = std::ssize(text) - 3; position > 0; position -= 3) {
    text.insert(static_cast<std::size_t>(position), 1, ',');
  }
  return text;
}

std::string format_number(double value) {
  if (!std::isfinite(value) || value < 0 || value >= 1e18) return std::string{no_value};
  if (value >= 99.95) return format_count(static_cast<std::uint64_t>(std::llround(value)));
  return trim_trailing_zeros(format_fixed(value, value < 9.995 ? 2 : 1));
}

std::string format_percentage(double ratio) {
  if (!std::isfinite(ratio)) return std::string{no_value};
  if (ratio > 0 && ratio < 0.00005) return "< 0.01 %";
  if (ratio < 1 && ratio > 0.99995) return "> 99.99 %";
  return format_fixed(ratio * 100, 2) + " %";
}

std::string format_percentage(std::uint64_t part, std::uint64_t total) {
  return format_percentage(total == 0 ? 0 : static_cast<double>(part) / static_cast<double>(total));
}

double per_second(std::uint64_t count, duration period) noexcept {
  return period > duration{} ? static_cast<double>(count) / to_seconds(period) : 0;
}

std::string format_bytes(double bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return format_fixed(bytes, unit == 0 || bytes >= 100 ? 0 : 1) + " " + std::string{units[unit]};
}

std::string format_seconds(duration period) { return trim_trailing_zeros(format_fixed(to_seconds(period), 3)) + " s"; }

std::string format_elapsed(duration elapsed) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(elapsed).count());
  const auto two_digits = [](std::int64_t number) { return (number < 10 ? ":0" : ":") + std::to_string(number); };
  const auto minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + two_digits(seconds % 60);
  return std::to_string(minutes / 60) + two_digits(minutes % 60) + two_digits(seconds % 60);
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  constexpr std::array<std::string_view, 8> blocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(width, values.size()));
  if (first == values.end()) return {};
  const auto maximum = *std::max_element(first, values.end());
  std::string line;
  for (auto value = first; value != values.end(); ++value) {
    // Rounds up, so that each of the eight blocks represents one eighth of the range up to the maximum.
    const auto height = maximum > 0 ? std::ceil(*value / maximum * 8) : 1;
    line += blocks[static_cast<std::size_t>(std::clamp(height, 1.0, 8.0)) - 1];
  }
  return line;
}

}  // namespace cohort::loadgen

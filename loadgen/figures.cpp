#include "loadgen/figures.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace cohort::loadgen {
namespace {

constexpr std::string_view nothing = "–";

/// The last of three significant digits, in microseconds.
constexpr std::uint64_t last_digit_of(std::uint64_t microseconds) noexcept {
  std::uint64_t step = 1;
  while (microseconds / step >= 1000) step *= 10;
  return step;
}

std::string rounded_duration(std::uint64_t rounded) {
  if (rounded < 1000) return std::to_string(rounded) + " µs";
  const bool in_milliseconds = rounded < 1'000'000;
  const auto unit = in_milliseconds ? std::uint64_t{1000} : std::uint64_t{1'000'000};
  const auto whole = rounded / unit;
  const auto decimals = whole < 10 ? 2 : whole < 100 ? 1 : 0;
  const auto name = in_milliseconds ? " ms" : " s";
  if (decimals == 0) return count_text(whole) + name;
  return fixed_text(static_cast<double>(rounded) / static_cast<double>(unit), decimals) + name;
}

std::string without_zeros_at_the_end(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string fixed_text(double value, int decimals) {
  if (!std::isfinite(value)) return std::string{nothing};
  std::array<char, 400> text;  // the greatest double has 309 digits before the point
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals).ptr;
  return {text.data(), end};
}

std::string duration_text(std::uint64_t microseconds) {
  const auto step = last_digit_of(microseconds);
  return rounded_duration((microseconds + step / 2) / step * step);
}

std::string duration_text(const percentile_value& value) {
  if (!value.lower_bound) return duration_text(value.microseconds);
  const auto step = last_digit_of(value.microseconds);
  return "≥ " + rounded_duration(value.microseconds / step * step);
}

std::string percentile_text(const histogram& of, double percent) {
  return of.count() == 0 ? std::string{nothing} : duration_text(of.percentile(percent));
}

std::string percentile_text(const censored_histogram& of, double percent) {
  return of.count() == 0 ? std::string{nothing} : duration_text(of.percentile(percent));
}

std::string count_text(std::uint64_t count) {
  auto text = std::to_string(count);
  for (auto at = std::ssize(text) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string rate_text(double per_second) {
  if (!std::isfinite(per_second) || per_second < 0 || per_second >= 1e18) return std::string{nothing};
  if (per_second >= 99.95) return count_text(static_cast<std::uint64_t>(std::llround(per_second)));
  return without_zeros_at_the_end(fixed_text(per_second, per_second < 9.995 ? 2 : 1));
}

std::string share_text(double share) {
  if (!std::isfinite(share)) return std::string{nothing};
  if (share > 0 && share < 0.00005) return "< 0.01 %";
  if (share < 1 && share > 0.99995) return "> 99.99 %";
  return fixed_text(share * 100, 2) + " %";
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return share_text(whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
}

double per_second(std::uint64_t count, duration over) noexcept {
  return over > duration{} ? static_cast<double>(count) / std::chrono::duration<double>(over).count() : 0;
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fixed_text(bytes, unit == 0 || bytes >= 100 ? 0 : 1) + " " + std::string{units[unit]};
}

std::string seconds_text(duration span) {
  return without_zeros_at_the_end(fixed_text(std::chrono::duration<double>(span).count(), 3)) + " s";
}

std::string clock_text(duration span) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(span).count());
  const auto two_digits = [](std::int64_t of) { return (of < 10 ? ":0" : ":") + std::to_string(of); };
  const auto minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + two_digits(seconds % 60);
  return std::to_string(minutes / 60) + two_digits(minutes % 60) + two_digits(seconds % 60);
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  constexpr std::array<std::string_view, 8> heights{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(width, values.size()));
  if (first == values.end()) return {};
  const auto greatest = *std::max_element(first, values.end());
  std::string line;
  for (auto value = first; value != values.end(); ++value) {
    // Not at the bottom for anything but the lowest eighth, and at the top only for the last one.
    const auto height = greatest > 0 ? std::ceil(*value / greatest * 8) : 1;
    line += heights[static_cast<std::size_t>(std::clamp(height, 1.0, 8.0)) - 1];
  }
  return line;
}

}  // namespace cohort::loadgen

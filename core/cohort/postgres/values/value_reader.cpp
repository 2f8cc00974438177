// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/values/value_reader.hpp>

#include <chrono>
#include <cstdio>

namespace cohort::postgres {
namespace {

int hex_digit(char character) noexcept {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  return -1;
}

/// Reads a number of `digits` decimal digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  const auto number = detail::parse_number<unsigned>(text.substr(0, digits));
  if (!number) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, char character) {
  if (!text.starts_with(character)) return false;
  text.remove_prefix(1);
  return true;
}

/// Parses an optional fraction of a second, such as `.123456`.
std::optional<duration> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return duration::zero();
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 6) return std::nullopt;
  auto fraction = *take_number(text, digits);
  for (auto i = digits; i < 6; ++i) fraction *= 10;
  return std::chrono::microseconds{fraction};
}

/// Parses an offset from UTC: `+00`, `-03:30`, or with seconds `+00:53:28`.
std::optional<duration> take_offset(std::string_view& text) {
  const bool is_negative = text.starts_with('-');
  if (!is_negative && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  duration offset{};
  duration unit = std::chrono::hours{1};
  do {
    const auto part = take_number(text, 2);
    if (!part) return std::nullopt;
    offset += *part * unit;
    unit /= 60;
  } while (take(text, ':'));
  return is_negative ? -offset : offset;
}

}  // namespace

namespace detail {

std::optional<bytes> parse_bytea(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0) return std::nullopt;
  text.remove_prefix(2);
  bytes bytes;
  bytes.data.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.data.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::optional<wall_time> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_number(text, 4);
  if (!year_number || !take(text, '-')) return std::nullopt;
  const auto month_number = take_number(text, 2);
  if (!month_number || !take(text, '-')) return std::nullopt;
  const auto day_number = take_number(text, 2);
  if (!day_number || !take(text, ' ')) return std::nullopt;
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                            day{static_cast<unsigned>(*day_number)}};
  const auto hour_number = take_number(text, 2);
  if (!hour_number || !take(text, ':')) return std::nullopt;
  const auto minute_number = take_number(text, 2);
  if (!minute_number || !take(text, ':')) return std::nullopt;
  const auto second_number = take_number(text, 2);
  if (!second_number) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  // The range of a `wall_time` in nanoseconds; `infinity` has no date.
  if (!offset || !text.empty() || !date.ok() || *year_number < 1678 || *year_number > 2261) return std::nullopt;
  return wall_time{sys_days{date}} + hours{*hour_number} + minutes{*minute_number} + seconds{*second_number} +
         *fraction - *offset;
}

}  // namespace detail

std::string format_timestamp(wall_time time) {
  using namespace std::chrono;
  const auto day_start = floor<days>(time);
  const year_month_day date{day_start};
  const auto time_of_day = floor<microseconds>(time - day_start).count();
  std::array<char, 64> text;
  const auto length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06d+00", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time_of_day / 3'600'000'000), static_cast<int>(time_of_day / 60'000'000 % 60),
                    static_cast<int>(time_of_day / 1'000'000 % 60), static_cast<int>(time_of_day % 1'000'000));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace cohort::postgres

// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <optional>

#include <cohort/json/description/text_format.hpp>

namespace cohort::json {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// Consumes a string from its start. After an unexpected character, the scanner remains in the failed state.
class scanner {
 public:
  explicit scanner(std::string_view text) : remaining_(text) {}

  int consume_digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + consume_digit();
    return value;
  }
  /// Consumes one of `choices`, ignoring case, and returns it in upper case.
  char consume_one_of(std::string_view choices) {
    const char upper =
        remaining_.empty() ? '\0' : static_cast<char>(remaining_[0] >= 'a' ? remaining_[0] - 'a' + 'A' : remaining_[0]);
    has_failed_ = has_failed_ || remaining_.empty() || choices.find(upper) == std::string_view::npos;
    if (!has_failed_) remaining_.remove_prefix(1);
    return upper;
  }
  /// Consumes an optional fraction of a second, such as `.5`.
  nanoseconds fraction() {
    // In the failed state, `consume_digit` consumes no characters, so the loop below would not end.
    if (has_failed_ || !remaining_.starts_with('.')) return {};
    remaining_.remove_prefix(1);
    nanoseconds sum{consume_digit() * nanoseconds{100ms}};
    for (nanoseconds digit_unit = 10ms; !remaining_.empty() && is_digit(remaining_[0]); digit_unit /= 10)
      sum += consume_digit() * digit_unit;
    return sum;
  }
  bool is_done() const { return !has_failed_ && remaining_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int consume_digit() {
    has_failed_ = has_failed_ || remaining_.empty() || !is_digit(remaining_[0]);
    if (has_failed_) return 0;
    const int value = remaining_[0] - '0';
    remaining_.remove_prefix(1);
    return value;
  }

  std::string_view remaining_;
  bool has_failed_ = false;
};

/// The offset from UTC; empty if its hours or minutes are out of range (RFC 3339 section 5.6).
std::optional<nanoseconds> scan_offset(scanner& scanner) {
  const char sign = scanner.consume_one_of("Z+-");
  if (sign == 'Z') return nanoseconds{};
  const int hours = scanner.consume_digits(2);
  scanner.consume_one_of(":");
  const int minutes = scanner.consume_digits(2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  const nanoseconds offset = hours * 1h + minutes * 1min;
  return sign == '-' ? -offset : offset;
}

/// Appends `number` in decimal, with leading zeros.
void append_zero_padded(std::string& text, std::int64_t number, std::size_t width) {
  const auto digits = std::to_string(number);
  text.append(digits.size() < width ? width - digits.size() : 0, '0').append(digits);
}

}  // namespace

std::optional<timestamp> parse_timestamp(std::string_view text) {
  scanner scanner{text};
  const std::chrono::year year{scanner.consume_digits(4)};
  scanner.consume_one_of("-");
  const std::chrono::month month{static_cast<unsigned>(scanner.consume_digits(2))};
  scanner.consume_one_of("-");
  const std::chrono::day day{static_cast<unsigned>(scanner.consume_digits(2))};
  scanner.consume_one_of("T");
  const int hours = scanner.consume_digits(2);
  scanner.consume_one_of(":");
  const int minutes = scanner.consume_digits(2);
  scanner.consume_one_of(":");
  const int seconds = scanner.consume_digits(2);
  const auto fraction = scanner.fraction();
  const auto offset = scan_offset(scanner);
  const auto date = year / month / day;
  const bool is_in_range = date.ok() && date.year() >= std::chrono::year{1678} &&
                           date.year() <= std::chrono::year{2261} && hours < 24 && minutes < 60 && seconds <= 60;
  if (!scanner.is_done() || !is_in_range || !offset) return std::nullopt;
  return timestamp{std::chrono::sys_days{date}} + hours * 1h + minutes * 1min + seconds * 1s + fraction - *offset;
}

std::string format_timestamp(timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text;
  append_zero_padded(text, int{date.year()}, 4);
  append_zero_padded(text += '-', unsigned{date.month()}, 2);
  append_zero_padded(text += '-', unsigned{date.day()}, 2);
  append_zero_padded(text += 'T', clock.hours().count(), 2);
  append_zero_padded(text += ':', clock.minutes().count(), 2);
  append_zero_padded(text += ':', clock.seconds().count(), 2);
  const std::int64_t fraction = clock.subseconds().count();
  if (fraction % 1'000'000 == 0) {
    if (fraction != 0) append_zero_padded(text += '.', fraction / 1'000'000, 3);
  } else if (fraction % 1000 == 0) {
    append_zero_padded(text += '.', fraction / 1000, 6);
  } else {
    append_zero_padded(text += '.', fraction, 9);
  }
  return text += 'Z';
}

}  // namespace cohort::json

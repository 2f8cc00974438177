#include "services/dashboard/rfc3339.hpp"

#include <cstdio>

namespace cohort::dashboard {
namespace {

using namespace std::chrono_literals;

/// Takes a text from the left; once something is not as expected, it stays failed.
class scanner {
 public:
  explicit scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }
  /// Case-insensitive, as `T` and `Z` are.
  char one_of(std::string_view choice) {
    const char upper = rest_.empty() ? '\0' : static_cast<char>(rest_[0] >= 'a' ? rest_[0] - 'a' + 'A' : rest_[0]);
    failed_ = failed_ || rest_.empty() || choice.find(upper) == std::string_view::npos;
    if (!failed_) rest_.remove_prefix(1);
    return upper;
  }
  /// `.5` and so on; what is finer than a nanosecond is left out.
  duration fraction() {
    if (!rest_.starts_with('.')) return {};
    rest_.remove_prefix(1);
    duration sum{digit() * duration{100ms}};
    for (duration place = 10ms; !rest_.empty() && is_digit(rest_[0]); place /= 10) sum += digit() * place;
    return sum;
  }
  bool is_done() const { return !failed_ && rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int digit() {
    failed_ = failed_ || rest_.empty() || !is_digit(rest_[0]);
    if (failed_) return 0;
    const int value = rest_[0] - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

duration scan_offset(scanner& from) {
  const char sign = from.one_of("Z+-");
  if (sign == 'Z') return {};
  const duration hours = from.digits(2) * 1h;
  from.one_of(":");
  const duration offset = hours + from.digits(2) * 1min;
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::optional<wall_time> parse_rfc3339(std::string_view text) {
  scanner from{text};
  const std::chrono::year year{from.digits(4)};
  from.one_of("-");
  const std::chrono::month month{static_cast<unsigned>(from.digits(2))};
  from.one_of("-");
  const std::chrono::day day{static_cast<unsigned>(from.digits(2))};
  from.one_of("T");
  const int hours = from.digits(2);
  from.one_of(":");
  const int minutes = from.digits(2);
  from.one_of(":");
  const int seconds = from.digits(2);
  const auto fraction = from.fraction();
  const auto offset = scan_offset(from);
  const auto date = year / month / day;
  const bool in_range = date.ok() && date.year() >= std::chrono::year{1678} && date.year() <= std::chrono::year{2261} &&
                        hours < 24 && minutes < 60 && seconds <= 60;
  if (!from.is_done() || !in_range) return std::nullopt;
  return wall_time{std::chrono::sys_days{date}} + hours * 1h + minutes * 1min + seconds * 1s + fraction - offset;
}

std::string format_rfc3339(wall_time when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(when - day)};
  char text[48];
  const int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                   static_cast<int>(time.seconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace cohort::dashboard

// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/date_format.hpp>

#include <algorithm>
#include <concepts>
#include <ctime>

namespace cohort {
namespace {

using std::chrono::floor;

/// Calendar fields of a UTC time. The year has four digits, because the range of `wall_time` is 1677 to 2262.
struct utc_fields {
  explicit utc_fields(wall_time time) noexcept : utc_fields(floor<std::chrono::milliseconds>(time)) {}
  explicit utc_fields(std::chrono::sys_time<std::chrono::milliseconds> time) noexcept
      : day(floor<std::chrono::days>(time)), date(day), clock(time - day) {}

  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

/// Writes text into a buffer of exactly the required size.
class text_writer {
 public:
  explicit text_writer(char* destination) noexcept : next_(destination) {}

  text_writer& text(std::string_view text) noexcept {
    next_ = std::copy(text.begin(), text.end(), next_);
    return *this;
  }
  /// Appends the last `count` decimal digits of `number`.
  text_writer& digits(std::integral auto number, int count) noexcept {
    for (int i = count; i-- > 0; number /= 10) next_[i] = static_cast<char>('0' + number % 10);
    next_ += count;
    return *this;
  }
  text_writer& date(const utc_fields& time) noexcept {
    return digits(static_cast<int>(time.date.year()), 4)
        .text("-")
        .digits(static_cast<unsigned>(time.date.month()), 2)
        .text("-")
        .digits(static_cast<unsigned>(time.date.day()), 2);
  }
  text_writer& clock(const utc_fields& time) noexcept {
    return digits(time.clock.hours().count(), 2)
        .text(":")
        .digits(time.clock.minutes().count(), 2)
        .text(":")
        .digits(time.clock.seconds().count(), 2);
  }

 private:
  char* next_;
};

std::string format_tm(const char* format, const std::tm& time) {
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &time)};
}

}  // namespace

date_text<29> format_imf_fixdate(wall_time time) noexcept {
  static constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const utc_fields utc{time};
  date_text<29> text;
  text_writer{text.characters.data()}
      .text(weekdays.substr(std::chrono::weekday{utc.day}.c_encoding() * std::size_t{3}, 3))
      .text(", ")
      .digits(static_cast<unsigned>(utc.date.day()), 2)
      .text(" ")
      .text(months.substr((static_cast<unsigned>(utc.date.month()) - 1) * std::size_t{3}, 3))
      .text(" ")
      .digits(static_cast<int>(utc.date.year()), 4)
      .text(" ")
      .clock(utc)
      .text(" GMT");
  return text;
}

date_text<20> format_rfc3339(wall_time time) noexcept {
  const utc_fields utc{time};
  date_text<20> text;
  text_writer{text.characters.data()}.date(utc).text("T").clock(utc).text("Z");
  return text;
}

date_text<24> format_rfc3339_milliseconds(wall_time time) noexcept {
  const utc_fields utc{time};
  date_text<24> text;
  text_writer{text.characters.data()}
      .date(utc)
      .text("T")
      .clock(utc)
      .text(".")
      .digits(utc.clock.subseconds().count(), 3)
      .text("Z");
  return text;
}

void replace_milliseconds(date_text<24>& text, wall_time time) noexcept {
  const auto milliseconds = floor<std::chrono::milliseconds>(time);
  const auto since_second = milliseconds - floor<std::chrono::seconds>(milliseconds);
  text_writer{text.characters.data() + std::string_view{"2026-11-22T13:05:09."}.size()}.digits(since_second.count(), 3);
}

local_date_text format_local_date(wall_time time) {
  const std::time_t second = floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm local{};
  localtime_r(&second, &local);
  local_date_text text{.timestamp = format_tm("%Y-%m-%d %H:%M:%S", local),
                       .rfc3339 = format_tm("%Y-%m-%dT%H:%M:%S%z", local),
                       .time_zone = format_tm("%Z", local)};
  text.rfc3339.insert(text.rfc3339.size() - 2, ":");  // %z has no colon
  return text;
}

}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/date_format.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

namespace cohort {
namespace {

using namespace std::chrono_literals;

wall_time utc(int year, unsigned month, unsigned day, duration time_of_day) {
  return wall_time{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}} +
         time_of_day;
}

/// Sets the variable TZ for one test.
class time_zone_fixture {
 public:
  explicit time_zone_fixture(const char* zone) {
    if (const char* const old = std::getenv("TZ")) old_zone_ = old;
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~time_zone_fixture() {
    old_zone_.empty() ? ::unsetenv("TZ") : ::setenv("TZ", old_zone_.c_str(), 1);
    ::tzset();
  }
  time_zone_fixture(const time_zone_fixture&) = delete;
  time_zone_fixture& operator=(const time_zone_fixture&) = delete;

 private:
  std::string old_zone_;
};

TEST_CASE("date format: IMF-fixdate has the format of RFC 9110", "[runtime][time]") {
  CHECK(format_imf_fixdate(utc(1994, 11, 6, 8h + 49min + 37s)) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_imf_fixdate(utc(2026, 6, 1, 12h + 999ms)) == "Mon, 01 Jun 2026 12:00:00 GMT");
  CHECK(format_imf_fixdate(wall_time{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("date format: IMF-fixdate has the names of all weekdays and months", "[runtime][time]") {
  const std::string weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  for (unsigned i = 0; i < 7; ++i) CHECK(format_imf_fixdate(utc(2026, 6, 1 + i, 0h)).str().substr(0, 3) == weekdays[i]);
  const std::string months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned i = 0; i < 12; ++i) CHECK(format_imf_fixdate(utc(2026, 1 + i, 1, 0h)).str().substr(8, 3) == months[i]);
}

TEST_CASE("date format: RFC 3339 timestamps are in UTC and rounded down", "[runtime][time]") {
  struct row {
    wall_time time;
    std::string_view seconds;
    std::string_view milliseconds;
  };
  const auto test_case = GENERATE(
      row{utc(2026, 11, 22, 13h + 5min + 9s + 120ms), "2026-11-22T13:05:09Z", "2026-11-22T13:05:09.120Z"},
      row{utc(2026, 1, 2, 23h + 59min + 59s + 999'999'999ns), "2026-01-02T23:59:59Z", "2026-01-02T23:59:59.999Z"},
      row{utc(2024, 2, 29, 0h), "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
      row{wall_time{-1ns}, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"},
      row{wall_time::min(), "1677-09-21T00:12:43Z", "1677-09-21T00:12:43.145Z"},
      row{wall_time::max(), "2262-04-11T23:47:16Z", "2262-04-11T23:47:16.854Z"});
  CHECK(format_rfc3339(test_case.time) == test_case.seconds);
  CHECK(format_rfc3339_milliseconds(test_case.time) == test_case.milliseconds);
  auto text = format_rfc3339_milliseconds(test_case.time);
  std::fill_n(text.characters.begin() + 20, 3, 'x');
  replace_milliseconds(text, test_case.time);
  CHECK(text == test_case.milliseconds);
}

TEST_CASE("date format: local dates follow TZ, including daylight saving time", "[runtime][time]") {
  const time_zone_fixture zone{"IST-2IDT,M3.4.4/26,M10.5.0"};
  const auto winter_date = format_local_date(utc(2026, 11, 22, 11h + 5min + 9s + 999ms));
  CHECK(winter_date.timestamp == "2026-11-22 13:05:09");
  CHECK(winter_date.rfc3339 == "2026-11-22T13:05:09+02:00");
  CHECK(winter_date.time_zone == "IST");
  const auto summer_date = format_local_date(utc(2026, 6, 1, 12h));
  CHECK(summer_date.rfc3339 == "2026-06-01T15:00:00+03:00");
  CHECK(summer_date.time_zone == "IDT");
}

TEST_CASE("date format: local dates west of Greenwich have a negative offset", "[runtime][time]") {
  const time_zone_fixture zone{"NST3:30"};
  CHECK(format_local_date(utc(2026, 1, 1, 0h)).rfc3339 == "2025-12-31T20:30:00-03:30");
}

}  // namespace
}  // namespace cohort

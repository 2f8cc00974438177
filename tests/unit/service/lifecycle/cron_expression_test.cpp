// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/cron_expression.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>

#include <cohort/runtime/time/date_format.hpp>

namespace cohort {
namespace {

using service::cron_expression;

/// Sets the process's time zone for its lifetime.
class time_zone {
 public:
  explicit time_zone(const char* name) {
    if (const char* previous = std::getenv("TZ")) previous_ = previous;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~time_zone() {
    previous_ ? ::setenv("TZ", previous_->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  time_zone(const time_zone&) = delete;
  time_zone& operator=(const time_zone&) = delete;

 private:
  std::optional<std::string> previous_;
};

/// Central European time, independent of the installed time zone files.
constexpr const char* central_europe = "CET-1CEST,M3.5.0,M10.5.0/3";

wall_time utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  return wall_time{std::chrono::sys_days{std::chrono::year{year} / month / day} + std::chrono::hours{hour} +
                   std::chrono::minutes{minute} + std::chrono::seconds{second}};
}

std::string next_time(const char* expression, wall_time after) {
  const auto parsed = cron_expression::parse(expression);
  REQUIRE(parsed.has_value());
  const auto next = parsed->next(after);
  return next ? format_local_date(*next).rfc3339 : "none";
}

TEST_CASE("cron_expression: the next time is the first matching minute after the given time", "[service][cron]") {
  const time_zone zone{"UTC0"};
  // This day is a Sunday.
  const auto after = utc(2026, 11, 22, 13, 5, 9);
  const auto [expression, expected] = GENERATE(table<const char*, std::string>({
      {"* * * * *", "2026-11-22T13:06:00+00:00"},
      {"5 13 * * *", "2026-11-23T13:05:00+00:00"},
      {"*/15 * * * *", "2026-11-22T13:15:00+00:00"},
      {"0 0 1 * *", "2026-12-01T00:00:00+00:00"},
      {"0,30 9-17/4 * * *", "2026-11-22T13:30:00+00:00"},
      {"0 9 * * mon-fri", "2026-11-23T09:00:00+00:00"},
      {"0 9 * * FRI-Sun", "2026-11-27T09:00:00+00:00"},
      {"0 9 * * 7", "2026-11-29T09:00:00+00:00"},
      {"0 0 29 2 *", "2028-02-29T00:00:00+00:00"},
      {"0 0 * jan,mar *", "2027-01-01T00:00:00+00:00"},
      // If day of month and day of week are both restricted, a match of one of them is sufficient.
      {"0 0 30 * tue", "2026-11-24T00:00:00+00:00"},
      {"  10   4\t* * * ", "2026-11-23T04:10:00+00:00"},
  }));
  CHECK(next_time(expression, after) == expected);
}

TEST_CASE("cron_expression: an invalid expression is an error that names the field and the accepted values",
          "[service][cron]") {
  const auto [expression, message] = GENERATE(table<const char*, std::string>({
      {"* * * *", "expected 5 fields (minute, hour, day of month, month, day of week), got 4"},
      {"", ", got 0"},
      {"@daily", ", got 1"},
      {"* * * * * *", ", got 6"},
      {"60 * * * *", "minute \"60\" is invalid: use \"*\", or values from 0 to 59"},
      {"* 24 * * *", "hour \"24\" is invalid"},
      {"* * 0 * *", "day of month \"0\" is invalid"},
      {"* * * 13 *", "month \"13\" is invalid"},
      {"* * * feb-foo *", "month \"feb-foo\" is invalid: use \"*\", or values from 1 to 12, or jan to dec"},
      {"* * * * 8", "day of week \"8\" is invalid"},
      {"1, * * * *", "minute \"\" is invalid"},
      {"-1 * * * *", "minute \"-1\" is invalid"},
      {"+1 * * * *", "minute \"+1\" is invalid"},
      {"1-2-3 * * * *", "minute \"1-2-3\" is invalid"},
      {"*/0 * * * *", "minute \"*/0\" has an invalid step"},
      {"*/ * * * *", "has an invalid step"},
      {"5/10 * * * *", "minute \"5/10\" has a step without a range"},
      {"30-10 * * * *", "minute \"30-10\" is a range that ends before it begins"},
      {"0 0 30 2 *", "day of month \"30\" does not occur in the selected months \"2\""},
  }));
  const auto parsed = cron_expression::parse(expression);
  REQUIRE(parsed.has_error());
  INFO(parsed.error());
  CHECK(parsed.error().find(message) != std::string::npos);
  CHECK(parsed.error().find("invalid cron expression \"") == 0);
}

TEST_CASE("cron_expression: a time that the clock skips matches at the end of the gap", "[service][cron]") {
  const time_zone zone{central_europe};
  // On 2026-03-29 the clock skips from 02:00 to 03:00.
  const auto time_before = utc(2026, 3, 28, 12);
  CHECK(next_time("30 2 * * *", time_before) == "2026-03-29T03:00:00+02:00");
  CHECK(next_time("30 2 * * *", utc(2026, 3, 29, 1)) == "2026-03-30T02:30:00+02:00");
  CHECK(next_time("30 2 29 3 *", time_before) == "2026-03-29T03:00:00+02:00");
  CHECK(next_time("30 3 * * *", time_before) == "2026-03-29T03:30:00+02:00");
  // An expression that matches every hour skips the gap.
  CHECK(next_time("30 * * * *", utc(2026, 3, 29, 0, 30)) == "2026-03-29T03:30:00+02:00");
}

TEST_CASE("cron_expression: a time that the clock repeats matches only its first occurrence", "[service][cron]") {
  const time_zone zone{central_europe};
  // On 2026-10-25 the clock is set back from 03:00 to 02:00.
  CHECK(next_time("30 2 * * *", utc(2026, 10, 24, 12)) == "2026-10-25T02:30:00+02:00");
  CHECK(next_time("30 2 * * *", utc(2026, 10, 25, 0, 30)) == "2026-10-26T02:30:00+01:00");
  CHECK(next_time("30 3 * * *", utc(2026, 10, 25, 0, 30)) == "2026-10-25T03:30:00+01:00");
  // An expression that matches every hour skips the gap.
  CHECK(next_time("30 * * * *", utc(2026, 10, 25, 0, 30)) == "2026-10-25T02:30:00+01:00");
}

TEST_CASE("cron_expression: a time in a gap that starts at midnight matches at the end of the gap", "[service][cron]") {
  // On the first Sunday of September the clock skips from 00:00 to 01:00.
  const time_zone zone{"<-04>4<-03>,M9.1.0/0,M4.1.0/0"};
  CHECK(next_time("15 0 * * *", utc(2026, 9, 5, 12)) == "2026-09-06T01:00:00-03:00");
  CHECK(next_time("0 0 6 9 *", utc(2026, 9, 5, 12)) == "2026-09-06T01:00:00-03:00");
  CHECK(next_time("0 12 6 9 *", utc(2026, 9, 5, 12)) == "2026-09-06T12:00:00-03:00");
}

}  // namespace
}  // namespace cohort

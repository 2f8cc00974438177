// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/retry_after.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/http/client/upstream/rate_limit_hold.hpp>
#include "tests/unit/http/client/client_fixture.hpp"
#include "tests/unit/http/client/upstream/upstream_fixture.hpp"

// Tests of the formats of `Retry-After`, and of the rejection of calls after a 429.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

/// Mon, 01 Jun 2026 12:00:00 GMT
constexpr wall_time noon{std::chrono::sys_days{std::chrono::June / 1 / 2026} + 12h};

std::optional<duration> parse(std::string retry_after, std::string date = {}) {
  http::client_response response;
  response.fields.emplace_back("Retry-After", std::move(retry_after));
  if (!date.empty()) response.fields.emplace_back("Date", std::move(date));
  return http::retry_after_of(response, noon);
}

TEST_CASE("retry-after: Retry-After is a number of seconds or a date in one of three formats",
          "[http][client][case-2.7]") {
  CHECK(parse("0") == 0s);
  CHECK(parse("3600") == 3600s);
  CHECK(parse("99999999999999999999") == 24h);
  CHECK(parse("Mon, 01 Jun 2026 13:00:00 GMT") == 1h);
  CHECK(parse("Monday, 01-Jun-26 12:10:00 GMT") == 10min);
  CHECK(parse("Mon Jun  1 12:00:30 2026") == 30s);
  CHECK(parse("Fri, 31 Dec 2027 23:59:59 GMT") == 24h);
  CHECK(parse("Mon, 01 Jun 2026 11:59:59 GMT") == 0s);
  CHECK(parse("Thu, 01 Jan 1970 00:00:00 GMT") == 0s);
}

TEST_CASE("retry-after: a date in Retry-After is relative to the response's Date", "[http][client][case-2.7]") {
  CHECK(parse("Mon, 01 Jun 2026 13:00:00 GMT", "Mon, 01 Jun 2026 12:55:00 GMT") == 5min);
  CHECK(parse("Mon, 01 Jun 2026 09:00:00 GMT", "Mon, 01 Jun 2026 08:00:00 GMT") == 1h);
  CHECK(parse("Mon, 01 Jun 2026 12:01:00 GMT", "not a date") == 1min);
  CHECK(parse("60", "Mon, 01 Jun 2026 08:00:00 GMT") == 60s);
}

TEST_CASE("retry-after: an invalid Retry-After is ignored", "[http][client][case-2.7]") {
  const auto* const value = GENERATE("", "-1", "+5", "1.5", "5s", "soon", "tomorrow, 01 Jun 2026 13:00:00 GMT",
                                     "Mon, 41 Jun 2026 13:00:00 GMT", "Mon, 01 Jun 2026 13:00:00 GMT, later");
  CAPTURE(value);
  CHECK_FALSE(parse(value).has_value());
  CHECK_FALSE(http::retry_after_of(http::client_response{}, noon).has_value());
}

TEST_CASE("retry-after: after a 429 with Retry-After, no request is sent until that time",
          "[http][upstream][case-2.7]") {
  upstream_fixture fixture;
  const auto [value, hold] = GENERATE(table<std::string, duration>({
      {"1", 1s},
      {"90", 90s},
      {"3600", 3600s},
      {"Mon, 01 Jun 2026 12:30:00 GMT", 30min},
      {"Monday, 01-Jun-26 12:02:00 GMT", 2min},
      {"Mon Jun  1 12:00:40 2026", 40s},
  }));
  CAPTURE(value);
  const auto skip =
      wall_time{std::chrono::sys_days{std::chrono::June / 1 / 2026} + 12h} - fixture.time.event_loop().wall_now();
  fixture.time.step_wall_clock(skip);
  fixture.replica().steps = {{.status = 429, .retry_after = value}};
  CHECK(fixture.call().response->status_code() == 429);

  const auto rejected_call = fixture.call();
  CHECK(error_of(rejected_call) == client_error::rate_limited);
  CHECK(rejected_call.elapsed == 0s);
  CHECK(rejected_call.attempts == 0);
  fixture.time.run_for(hold - 100ms);
  CHECK(error_of(fixture.call({}, http::method::post)) == client_error::rate_limited);
  CHECK(fixture.request_count() == 1);
  CHECK(fixture.metric("requests_total", "outcome=\"shed\"") == 2);

  fixture.time.run_for(1s);
  CHECK(is_ok(fixture.call()));
  CHECK(fixture.request_count() == 2);
}

TEST_CASE("retry-after: calls are rejected for at most the documented maximum time", "[http][upstream][case-2.7]") {
  auto settings = single_attempt();
  const auto maximum = GENERATE(duration{1h}, duration{10min});
  settings.max_rate_limit_hold = maximum;
  upstream_fixture fixture{settings};
  fixture.replica().steps = {
      {.status = 429, .retry_after = GENERATE("7200", "86400", "Fri, 31 Dec 2027 23:59:59 GMT")}};
  fixture.call();
  fixture.time.run_for(maximum - 1s);
  CHECK(error_of(fixture.call()) == client_error::rate_limited);
  fixture.time.run_for(2s);
  CHECK(is_ok(fixture.call()));
}

TEST_CASE("retry-after: a 429 without a valid Retry-After does not delay calls", "[http][upstream][case-2.7]") {
  upstream_fixture fixture;
  fixture.replica().steps = {
      {.status = 429, .retry_after = GENERATE("", "0", "soon", "Thu, 01 Jan 1970 00:00:00 GMT")}};
  fixture.call();
  CHECK(is_ok(fixture.call()));
}

TEST_CASE("retry-after: Retry-After with another status delays the retries of that call only",
          "[http][upstream][case-2.7]") {
  upstream_fixture fixture{settings_with_retries()};
  fixture.replica().steps = {{.status = 503, .retry_after = "3600"}};
  const auto rejected_response = fixture.call();
  CHECK(rejected_response.response->status_code() == 503);
  CHECK(rejected_response.attempts == 1);
  CHECK(is_ok(fixture.call()));
}

TEST_CASE("retry-after: a retry waits for the date in Retry-After", "[http][upstream][case-2.7]") {
  client_fixture fixture;
  telemetry::registry metrics{1};
  telemetry::log_sink discarding_sink;
  const telemetry::logger log{discarding_sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::upstream upstream{fixture.client, metrics, log, "there", settings_with_retries()};
  spawned_task<http::upstream_result> call{fixture.time, upstream.call(get_request("http://site.test/"), {})};
  auto& server = fixture.newest_connection();
  server.read_request();
  const auto* const status = GENERATE("429 Too Many Requests", "503 Service Unavailable");
  server.send("HTTP/1.1 " + std::string{status} +
              "\r\nContent-Length: 0\r\nDate: Tue, 02 Jun 2026 08:00:00 GMT\r\n"
              "Retry-After: Tue, 02 Jun 2026 08:00:02 GMT\r\n\r\n");
  const auto receive_time = fixture.time.now();
  server.read_request();
  CHECK(fixture.time.now() - receive_time >= 2s);
  CHECK(fixture.time.now() - receive_time < 3s);
  server.send(ok_response("again"));
  fixture.run_ready();
  REQUIRE(call.ended());
  CHECK(call.outcome().value->response->body == "again");
}

TEST_CASE("rate limit hold: a shorter hold does not replace a longer one", "[http][upstream]") {
  http::rate_limit_hold hold;
  const time_point start{1h};
  CHECK(hold.remaining(start) == 0s);
  hold.extend(start + 10s);
  hold.extend(start + 1s);
  CHECK(hold.remaining(start + 9s) == 1s);
  CHECK(hold.remaining(start + 10s) == 0s);
  CHECK(hold.remaining(start + 11s) == 0s);
}

}  // namespace
}  // namespace cohort

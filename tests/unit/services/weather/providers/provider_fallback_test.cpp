// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/providers/chain_fixture.hpp"

// Tests of calls to the fallback after redirects, during a Retry-After delay and after a document without weather.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("provider chain: a failure after a redirect to another server does not start a cooldown",
          "[services][weather][case-3.3]") {
  chain_fixture fixture;
  fixture.add_closed_port("closed.test");
  fixture.add_black_hole("black-hole.test");
  scripted_response rate_limit_response;
  rate_limit_response.status = http::status::too_many_requests;
  rate_limit_response.retry_after = "40";
  fixture.add_server("limiting.test", scripted_router("/", rate_limit_response));
  fixture.wttr.status = http::status::found;
  fixture.wttr.location = GENERATE("http://closed.test/", "http://black-hole.test/", "http://unknown.test/",
                                   "https://wttr.test:80/", "http://limiting.test/", "http://wttr.test:1/");
  CAPTURE(fixture.wttr.location);
  CHECK(fixture.fetch(default_place).report->provider == "open-meteo");
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.fetch(paris).report->provider == "wttr.in");
}

TEST_CASE("provider chain: redirects of three locations to an unreachable server start a cooldown",
          "[services][weather][case-3.3]") {
  chain_fixture fixture;
  fixture.add_closed_port("closed.test");
  fixture.wttr.status = http::status::found;
  fixture.wttr.location = "http://closed.test/";
  for (const auto& location : {default_place, paris, london}) fixture.fetch(location);
  CHECK(fixture.wttr.request_count() == 3);
  const auto result = fixture.fetch(default_place);
  CAPTURE(result.failure.error);
  REQUIRE(result.report != nullptr);
  CHECK(result.report->provider == "open-meteo");
  CHECK(fixture.wttr.request_count() == 3);
}

TEST_CASE("provider chain: a provider is not called before the time in the Retry-After of a 429",
          "[services][weather][case-2.7]") {
  chain_fixture fixture;
  fixture.wttr.status = fixture.forecast.status = http::status::too_many_requests;
  fixture.wttr.retry_after = "40";
  fixture.forecast.retry_after = "50";
  CHECK(fixture.fetch(default_place).report == nullptr);
  REQUIRE(fixture.cooldown().has_value());
  CHECK(fixture.cooldown()->retry_after == 40s);
  CHECK(fixture.cooldown()->error == "status 429");
  fixture.time.run_for(6s);
  CHECK(fixture.cooldown()->retry_after == 34s);
  fixture.wttr.status = fixture.forecast.status = http::status::ok;
  CHECK(fixture.fetch(default_place).failure.error == "status 429");
  CHECK(fixture.wttr.request_count() == 1);
  CHECK(fixture.forecast.request_count() == 1);
  fixture.time.run_for(34s);
  CHECK(fixture.fetch(default_place).report->provider == "wttr.in");
}

TEST_CASE("provider chain: the fallback is called after a document without a temperature", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.body = GENERATE(R"({"current_condition":[{}]})",
                               R"({"current_condition":[{"humidity":"64","weatherDesc":[{"value":"Sunny"}]}]})");
  CHECK(fixture.fetch().report->provider == "open-meteo");
  CHECK_FALSE(fixture.cooldown().has_value());
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/report_cache.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("report cache: fresh reports are served from the cache", "[services][weather]") {
  weather_fixture fixture;
  const auto first = fixture.look_up();
  REQUIRE(first.report != nullptr);
  CHECK(first.report->temperature_c == "21");
  CHECK_FALSE(first.from_cache);
  CHECK(first.error.empty());
  CHECK(fixture.wttr.targets == std::vector<std::string>{"/Paris,France?format=j1"});
  fixture.time.run_for(9min);
  const auto second = fixture.look_up();
  CHECK(second.report == first.report);
  CHECK(second.from_cache);
  CHECK_FALSE(second.stale);
  CHECK(second.age >= 9min);
  CHECK(second.age < 9min + 1s);
  CHECK(fixture.wttr.request_count() == 1);
  fixture.time.run_for(2min);
  fixture.wttr.body = wttr_response("22");
  const auto third = fixture.look_up();
  CHECK(third.report->temperature_c == "22");
  CHECK_FALSE(third.from_cache);
  CHECK(fixture.metric_value("weather_service_cache_hits_total") == 1);
  CHECK(fixture.metric_value("weather_service_cache_misses_total") == 2);
}

TEST_CASE("report cache: a stale report is served immediately while one fetch replaces it", "[services][weather]") {
  weather_fixture fixture;
  CHECK(fixture.stale_report_count("revalidate") == 0);
  const auto first = fixture.look_up();
  fixture.time.run_for(10min);
  fixture.wttr.body = wttr_response("22");
  fixture.wttr.delay = 3s;
  const auto start = fixture.time.now();
  for (int i = 0; i < 3; ++i) {
    const auto stale = fixture.look_up();
    CHECK(stale.report == first.report);
    CHECK(stale.from_cache);
    CHECK(stale.stale);
    CHECK(stale.error.empty());
    CHECK(stale.age >= 10min);
    CHECK(stale.age < 10min + 1s);
  }
  CHECK(fixture.time.now() == start);
  CHECK(fixture.metric_value("weather_service_cache_hits_total") == 3);
  CHECK(fixture.metric_value("weather_service_cache_misses_total") == 1);
  CHECK(fixture.stale_report_count("revalidate") == 3);
  fixture.time.run_for(4s);
  const auto renewed_lookup = fixture.look_up();
  CHECK(renewed_lookup.report->temperature_c == "22");
  CHECK(renewed_lookup.from_cache);
  CHECK_FALSE(renewed_lookup.stale);
  CHECK(fixture.wttr.request_count() == 2);
  CHECK(fixture.stale_report_count("revalidate") == 3);
  CHECK(fixture.stale_report_count("error") == 0);
}

TEST_CASE("report cache: after the revalidation time callers wait for a new report", "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.time.run_for(11min);
  fixture.wttr.delay = 1s;
  const auto start = fixture.time.now();
  CHECK_FALSE(fixture.look_up().from_cache);
  CHECK(fixture.time.now() - start >= 1s);
}

TEST_CASE("report cache: the next lookup reports that a background fetch has failed", "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.time.run_for(10min);
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.look_up().error.empty());
  fixture.time.run_for(1s);
  const auto next = fixture.look_up();
  CHECK(next.stale);
  CHECK(next.error == "status 502");
  CHECK(next.retry_after > 3s);
  CHECK(next.retry_after < 5s);
  CHECK(fixture.stale_report_count("revalidate") == 1);
  CHECK(fixture.stale_report_count("error") == 1);
  CHECK(fixture.metric_value("weather_service_cache_misses_total") == 2);
  fixture.time.run_for(5s);
  CHECK(fixture.look_up().error.empty());
  fixture.time.run_for(1s);
  CHECK(fixture.wttr.request_count() == 3);
}

TEST_CASE("report cache: reports older than a day are not served", "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.wttr.status = http::status::bad_gateway;
  fixture.time.run_for(24h - 1min);
  CHECK(fixture.look_up().report != nullptr);
  CHECK(fixture.stale_report_count("error") == 1);
  fixture.time.run_for(2min);
  const auto result = fixture.look_up();
  CHECK(result.report == nullptr);
  CHECK_FALSE(result.stale);
  CHECK(result.error == "status 502");
  CHECK(fixture.stale_report_count("error") == 1);
}

TEST_CASE("report cache: reports of the fallback are cached", "[services][weather]") {
  fallback_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  const auto result = fixture.look_up();
  REQUIRE(result.report != nullptr);
  CHECK(result.report->provider == "open-meteo");
  CHECK_FALSE(result.stale);
  CHECK(result.error.empty());
  const auto second_lookup = fixture.look_up();
  CHECK(second_lookup.report == result.report);
  CHECK(second_lookup.from_cache);
  CHECK(fixture.forecast.request_count() == 1);
}

TEST_CASE("report cache: after failures of both providers a stale report is served", "[services][weather]") {
  fallback_fixture fixture;
  const bool has_stale_report = GENERATE(true, false);
  if (has_stale_report) {
    fixture.look_up();
    fixture.time.run_for(11min);
  }
  fixture.wttr.status = http::status::bad_gateway;
  fixture.forecast.status = fixture.geocoder.status = http::status::service_unavailable;
  const auto result = fixture.look_up();
  CHECK(result.error == "status 502");
  CHECK((result.report != nullptr) == has_stale_report);
  CHECK(result.retry_after > 4s);
  CHECK(fixture.look_up().error == "status 502");
  CHECK(fixture.wttr.request_count() == (has_stale_report ? 2 : 1));
}

TEST_CASE("report cache: a location that has had a report does not become unknown", "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.time.run_for(11min);
  fixture.wttr.status = http::status::not_found;
  const auto result = fixture.look_up();
  CHECK(result.error == "unknown location");
  CHECK(result.stale);
  CHECK_FALSE(result.is_unknown_location());
  fixture.wttr.status = http::status::ok;
  fixture.time.run_for(5s);
  CHECK_FALSE(fixture.look_up().stale);
}

TEST_CASE(
    "report cache: a caller without time for the fallback receives a timeout, and later callers receive its report",
    "[services][weather]") {
  fallback_fixture fixture;
  fixture.wttr.delay = 1h;
  fixture.forecast.delay = 1s;
  const auto start = fixture.time.now();
  const auto result = fixture.look_up(paris, 5s);
  CHECK(result.report == nullptr);
  CHECK(result.error == "timeout");
  CHECK(fixture.time.now() - start < 5100ms);
  fixture.time.run_for(2s);
  CHECK(fixture.look_up().report->provider == "open-meteo");
}

TEST_CASE("report cache: coordinates are looked up once", "[services][weather]") {
  fallback_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.look_up();
  fixture.time.run_for(11min);
  const auto second_lookup = fixture.look_up();
  CHECK_FALSE(second_lookup.from_cache);
  CHECK(second_lookup.report->requested.latitude == 48.85341);
  CHECK(second_lookup.report->requested.longitude == 2.3488);
  CHECK(fixture.forecast.request_count() == 2);
  CHECK(fixture.forecast.targets.back() == fixture.forecast.targets.front());
  CHECK(fixture.geocoder.request_count() == 1);
}

TEST_CASE("report cache: incomplete coordinates are looked up", "[services][weather]") {
  fallback_fixture fixture;
  fixture.wttr.body = R"({"current_condition":[{"temp_C":"21"}],"nearest_area":[{"latitude":"1.5"}]})";
  fixture.look_up();
  fixture.time.run_for(11min);
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.look_up().report->requested.latitude == 48.85341);
  CHECK(fixture.geocoder.request_count() == 1);
}

TEST_CASE("report cache: the coordinates of another place are not used for the fallback", "[services][weather]") {
  fallback_fixture fixture;
  fixture.look_up();  // wttr.in's nearest area is Hefa
  fixture.time.run_for(11min);
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.look_up().report->requested.latitude == 48.85341);
}

TEST_CASE("report cache: the result of a failed fetch has an error class, and the stale report if there is one",
          "[services][weather]") {
  const auto [status, body, delay, error] = GENERATE(table<http::status, std::string, duration, std::string>({
      {http::status::internal_server_error, "{}", 0s, "status 500"},
      {http::status::too_many_requests, "{}", 0s, "status 429"},
      {http::status::not_found, "{}", 0s, "unknown location"},
      {http::status::ok, "Unknown location", 0s, "unknown location"},
      {http::status::ok, "{}", 0s, "unexpected answer"},
      {http::status::ok, wttr_response(), 6s, "timeout"},
  }));
  weather_fixture fixture;
  const bool has_stale_report = GENERATE(true, false);
  if (has_stale_report) {
    fixture.look_up();
    fixture.time.run_for(11min);
  }
  fixture.wttr.status = status;
  fixture.wttr.body = body;
  fixture.wttr.delay = delay;
  const auto result = fixture.look_up();
  CHECK(result.error == error);
  CHECK(result.from_cache == has_stale_report);
  CHECK(result.stale == has_stale_report);
  CHECK((result.report != nullptr) == has_stale_report);
  CHECK(result.retry_after > 4s);
  CHECK(result.retry_after <= 5s);
  if (has_stale_report) {
    CHECK(result.report->temperature_c == "21");
    CHECK(result.age >= 11min);
    CHECK(result.age < 11min + 6s);
  }
}

TEST_CASE("report cache: the error class identifies the reason why a provider is unreachable", "[services][weather]") {
  const auto [url, error] = GENERATE(table<const char*, std::string>({
      {"http://closed.test", "connect"},
      {"http://black-hole.test", "timeout"},
      {"http://unknown.test", "dns"},
  }));
  weather_fixture fixture{url};
  fixture.add_closed_port("closed.test");
  fixture.add_black_hole("black-hole.test");
  CHECK(fixture.look_up().error == error);
}

TEST_CASE("report cache: the pause after failed fetches doubles up to a minute", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  std::size_t requests = 0;
  for (const duration pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
    CHECK(fixture.look_up().error == "status 502");
    CHECK(fixture.wttr.request_count() == ++requests);
    fixture.time.run_for(pause - 1s);
    const auto result_during_pause = fixture.look_up();
    CHECK(result_during_pause.error == "status 502");
    CHECK(result_during_pause.retry_after <= 1s);
    CHECK(fixture.wttr.request_count() == requests);
    fixture.time.run_for(1s);
  }
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.look_up().error.empty());
  fixture.time.run_for(11min);
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.look_up().retry_after <= 5s);
}

TEST_CASE("report cache: the least recently used location is evicted", "[services][weather]") {
  weather_fixture fixture{"http://wttr.test", 2};
  fixture.look_up(paris);
  fixture.look_up(london);
  CHECK(fixture.look_up(paris).from_cache);
  fixture.look_up(rome);
  CHECK(fixture.wttr.request_count() == 3);
  CHECK(fixture.look_up(paris).from_cache);
  CHECK_FALSE(fixture.look_up(london).from_cache);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/provider_chain.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/providers/chain_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using weather::failure_kind;
using weather::provider_chain;

TEST_CASE("provider chain: a failed request is retried once before the fallback is called", "[services][weather]") {
  providers_fixture fixture;
  auto settings = providers_fixture::chain_settings();
  settings.policy = provider_chain::default_policy();
  provider_chain chain{fixture.make_context(), settings};
  fixture.wttr.status = http::status::service_unavailable;
  CHECK(fixture.time.run(chain.fetch(default_place)).report != nullptr);
  CHECK(fixture.wttr.request_count() == 2);
  CHECK(fixture.forecast.request_count() == 1);
  CHECK_FALSE(fixture.wttr.field("x-envoy-expected-rq-timeout-ms").has_value());
}

TEST_CASE("provider chain: the fallback is not called if wttr.in has a report", "[services][weather]") {
  chain_fixture fixture;
  const auto result = fixture.fetch();
  REQUIRE(result.report != nullptr);
  CHECK(result.report->provider == "wttr.in");
  CHECK(result.report->temperature_c == "21");
  CHECK(fixture.wttr.targets == std::vector<std::string>{"/Haifa,Israel?format=j1"});
  CHECK(fixture.forecast.request_count() == 0);
  CHECK(fixture.geocoder.request_count() == 0);
  CHECK_FALSE(fixture.cooldown().has_value());
}

TEST_CASE("provider chain: the fallback is called if wttr.in has no report", "[services][weather]") {
  const auto [status, delay] = GENERATE(table<http::status, duration>({
      {http::status::internal_server_error, 0s},
      {http::status::service_unavailable, 0s},
      {http::status::too_many_requests, 0s},
      {http::status::not_found, 0s},
      {http::status::ok, 1h},
  }));
  chain_fixture fixture;
  fixture.wttr.status = status;
  fixture.wttr.delay = delay;
  const auto result = fixture.fetch();
  REQUIRE(result.report != nullptr);
  CHECK(result.report->provider == "open-meteo");
  CHECK(result.report->temperature_c == "19");
  CHECK(fixture.forecast.targets ==
        std::vector<std::string>{"/v1/forecast?latitude=32.794&longitude=34.9896&current=temperature_2m,"
                                 "relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m"});
  CHECK(fixture.forecast.field("Accept") == "application/json");
  CHECK(fixture.geocoder.request_count() == 0);
}

task<> close_first_connection(std::unique_ptr<net::acceptor> acceptor) {
  auto accept_result = co_await acceptor->accept(loop::current());
  if (accept_result) (*accept_result)->close();
}

TEST_CASE("provider chain: the fallback is called if wttr.in closes the connection", "[services][weather]") {
  chain_fixture fixture{providers_fixture::open_meteo(), "http://192.0.2.1"};
  spawned_task<> server{fixture.time,
                        close_first_connection(fixture.network.listen({asio::ip::make_address("192.0.2.1"), 80}))};
  CHECK(fixture.fetch().report != nullptr);
  CHECK(server.ended());
}

TEST_CASE("provider chain: an unreachable wttr.in is in a cooldown immediately, and the fallback is called",
          "[services][weather]") {
  const auto* const url =
      GENERATE("http://closed.test", "http://black-hole.test", "http://unknown.test", "https://wttr.test:80");
  chain_fixture fixture{providers_fixture::open_meteo(), url};
  fixture.add_closed_port("closed.test");
  fixture.add_black_hole("black-hole.test");
  CHECK(fixture.fetch().report != nullptr);
  CHECK(fixture.forecast.request_count() == 1);
  CHECK(fixture.provider_request_count("wttr.in", "error") == 1);
  CHECK(fixture.fetch(paris).report != nullptr);
  CHECK(fixture.provider_request_count("wttr.in", "error") == 1);
}

TEST_CASE("provider chain: an invalid response does not start a cooldown", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.body = "Sorry, we are running out of queries";
  for (const auto& location : {default_place, paris, london, rome}) fixture.fetch(location);
  CHECK(fixture.wttr.request_count() == 4);
  fixture.forecast.status = http::status::bad_gateway;
  const auto result = fixture.fetch();
  CHECK(result.failure.kind == failure_kind::response_invalid);
  CHECK(result.failure.error == "unexpected answer");
}

TEST_CASE("provider chain: during the cooldown of wttr.in only the fallback is called", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.status = http::status::too_many_requests;
  std::size_t wttr_request_count = 0;
  std::size_t forecast_request_count = 0;
  for (const duration cooldown : {5s, 10s, 20s, 40s, 60s, 60s}) {
    CHECK(fixture.fetch().report->provider == "open-meteo");
    CHECK(fixture.wttr.request_count() == ++wttr_request_count);
    CHECK(fixture.forecast.request_count() == ++forecast_request_count);
    fixture.time.run_for(cooldown - 1s);
    CHECK(fixture.fetch().report->provider == "open-meteo");
    CHECK(fixture.wttr.request_count() == wttr_request_count);
    CHECK(fixture.forecast.request_count() == ++forecast_request_count);
    fixture.time.run_for(1s);
  }
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.fetch().report->provider == "wttr.in");
  CHECK(fixture.forecast.request_count() == forecast_request_count);
}

TEST_CASE("provider chain: returns the failure of wttr.in if both providers fail", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.forecast.status = fixture.geocoder.status = http::status::service_unavailable;
  const auto result = fixture.fetch();
  CHECK(result.report == nullptr);
  CHECK(result.failure.error == "status 502");
  CHECK_FALSE(result.is_unknown_to_all);
  CHECK_FALSE(fixture.cooldown().has_value());
  fixture.start_cooldowns();
  const auto cooldown = fixture.cooldown();
  REQUIRE(cooldown.has_value());
  CHECK(cooldown->error == "status 502");
  CHECK(cooldown->retry_after > 4s);
  CHECK(cooldown->retry_after <= 5s);
  fixture.time.run_for(5s);
  CHECK_FALSE(fixture.cooldown().has_value());
}

TEST_CASE("provider chain: there is no cooldown while one provider may be called", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.start_cooldowns();
  CHECK_FALSE(fixture.cooldown().has_value());
  fixture.forecast.status = fixture.geocoder.status = http::status::bad_gateway;
  fixture.time.run_for(1s);
  fixture.start_cooldowns();
  CHECK(fixture.wttr.request_count() == 3);
  // The result is the remaining cooldown of wttr.in, which started a second earlier.
  REQUIRE(fixture.cooldown().has_value());
  CHECK(fixture.cooldown()->retry_after <= 4s);
  CHECK(fixture.cooldown()->retry_after > 3s);
}

TEST_CASE("provider chain: the fallback is not called during its cooldown", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.status = http::status::not_found;
  fixture.forecast.status = http::status::too_many_requests;
  fixture.fetch();
  CHECK(fixture.forecast.request_count() == 1);
  const auto result = fixture.fetch();
  CHECK(fixture.forecast.request_count() == 1);
  CHECK(fixture.wttr.request_count() == 2);
  CHECK(result.failure.kind == failure_kind::location_unknown);
  CHECK_FALSE(result.is_unknown_to_all);
}

TEST_CASE("provider chain: without a fallback wttr.in's cooldown applies to all locations", "[services][weather]") {
  chain_fixture fixture{std::nullopt};
  fixture.wttr.status = http::status::bad_gateway;
  fixture.start_cooldowns();
  REQUIRE(fixture.cooldown().has_value());
  CHECK(fixture.cooldown()->error == "status 502");
  CHECK(fixture.fetch(rome).failure.error == "status 502");
  CHECK(fixture.wttr.request_count() == 3);
  CHECK(fixture.forecast.request_count() == 0);
}

TEST_CASE("provider chain: concurrent failures start one cooldown", "[services][weather]") {
  chain_fixture fixture{std::nullopt};
  fixture.wttr.status = http::status::too_many_requests;
  fixture.wttr.delay = 1s;
  std::deque<spawned_task<provider_chain::fetch_result>> fetches;
  for (int i = 0; i < 5; ++i) fetches.emplace_back(fixture.time, fixture.chain.fetch(default_place));
  fixture.time.run_for(2s);
  for (const auto& fetch : fetches) CHECK(fetch.ended());
  CHECK(fixture.wttr.request_count() == 5);
  fixture.time.run_for(4100ms);
  CHECK_FALSE(fixture.cooldown().has_value());
}

TEST_CASE("provider chain: a report ends the cooldown that another request's failure started", "[services][weather]") {
  chain_fixture fixture{std::nullopt};
  fixture.wttr.delay = 2s;
  spawned_task<provider_chain::fetch_result> slow_fetch{fixture.time, fixture.chain.fetch(default_place)};
  fixture.time.run_for(500ms);
  fixture.wttr.delay = 1s;
  fixture.wttr.status = http::status::too_many_requests;
  spawned_task<provider_chain::fetch_result> fast_fetch{fixture.time, fixture.chain.fetch(paris)};
  fixture.time.run_for(1200ms);
  CHECK(fast_fetch.ended());
  CHECK(fixture.cooldown().has_value());
  fixture.time.run_for(500ms);
  CHECK(slow_fetch.ended());
  CHECK_FALSE(fixture.cooldown().has_value());
}

TEST_CASE("provider chain: a location without coordinates is geocoded for the fallback", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  const auto result = fixture.fetch(paris);
  REQUIRE(result.report != nullptr);
  CHECK(fixture.geocoder.targets ==
        std::vector<std::string>{"/v1/search?name=Paris&count=100&language=en&format=json"});
  CHECK(fixture.forecast.targets.front().starts_with("/v1/forecast?latitude=48.85341&longitude=2.3488&"));
  CHECK(result.report->requested.city == "Paris");
  CHECK(result.report->requested.latitude == 48.85341);
  CHECK(result.report->requested.longitude == 2.3488);
}

TEST_CASE("provider chain: a location is reported as unknown only if each provider reports it as unknown",
          "[services][weather]") {
  const auto [status, kind, is_unknown_to_all] = GENERATE(table<http::status, failure_kind, bool>({
      {http::status::not_found, failure_kind::location_unknown, true},
      {http::status::bad_gateway, failure_kind::location_unknown, false},
      {http::status::too_many_requests, failure_kind::location_unknown, false},
  }));
  chain_fixture fixture;
  fixture.wttr.status = status;
  const auto result = fixture.fetch(rome);  // the geocoder has no result in Italy
  CHECK(result.report == nullptr);
  CHECK(result.failure.kind == kind);
  CHECK(result.is_unknown_to_all == is_unknown_to_all);
  CHECK(fixture.geocoder.request_count() == 1);
  CHECK(fixture.forecast.request_count() == 0);
}

TEST_CASE("provider chain: an error of Open-Meteo's forecast API never means an unknown location",
          "[services][weather]") {
  const auto [status, body, kind] = GENERATE(table<http::status, std::string, failure_kind>({
      {http::status::not_found, "{}", failure_kind::request_failed},
      {http::status::bad_request, R"({"error":true,"reason":"why"})", failure_kind::request_failed},
      {http::status::ok, "<html>", failure_kind::request_failed},
  }));
  chain_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.forecast.status = status;
  fixture.forecast.body = body;
  const auto result = fixture.fetch(paris);
  CHECK(result.failure.kind == kind);
  CHECK(result.failure.error == "status 502");
  CHECK(fixture.provider_request_count("open-meteo", "error") == 1);
}

TEST_CASE("provider chain: each provider has a timeout of five seconds for all its requests", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.delay = 1h;
  const auto start = fixture.time.now();
  SECTION("the fallback responds after a delay") {
    fixture.geocoder.delay = 2s;
    fixture.forecast.delay = 2s;
    CHECK(fixture.fetch(paris).report != nullptr);
    CHECK(fixture.time.now() - start < 9100ms);
  }
  SECTION("the fallback times out") {
    fixture.geocoder.delay = 3s;
    fixture.forecast.delay = 3s;
    const auto result = fixture.fetch(paris);
    CHECK(result.report == nullptr);
    CHECK(result.failure.error == "timeout");
    CHECK(fixture.time.now() - start >= 10s);
    CHECK(fixture.time.now() - start < 10100ms);
  }
}

TEST_CASE("provider chain: the fallback may redirect three times", "[services][weather]") {
  chain_fixture fixture;
  scripted_response redirected_response;
  redirected_response.body = open_meteo_response("30");
  fixture.add_server("redirected.test", scripted_router("/x", redirected_response));
  fixture.wttr.status = http::status::bad_gateway;
  fixture.forecast.status = http::status::found;
  SECTION("redirect to another server") {
    fixture.forecast.location = "http://redirected.test/x";
    CHECK(fixture.fetch().report->temperature_c == "30");
  }
  SECTION("redirect to the same server") {
    fixture.forecast.location = "/v1/forecast";
    CHECK(fixture.fetch().report == nullptr);
    CHECK(fixture.forecast.request_count() == 4);
  }
}

TEST_CASE("provider chain: requests are counted by provider and outcome, from zero", "[services][weather]") {
  chain_fixture fixture;
  for (const auto* provider : {"wttr.in", "open-meteo"}) {
    for (const auto* outcome : {"ok", "error", "unknown_location"}) {
      CHECK(fixture.provider_request_count(provider, outcome) == 0);
    }
  }
  fixture.fetch();
  fixture.wttr.status = http::status::bad_gateway;
  fixture.fetch(paris);
  fixture.fetch(rome);
  fixture.forecast.body = "{}";
  fixture.fetch(paris);
  CHECK(fixture.provider_request_count("wttr.in", "ok") == 1);
  CHECK(fixture.provider_request_count("wttr.in", "error") == 3);
  CHECK(fixture.provider_request_count("open-meteo", "ok") == 1);
  CHECK(fixture.provider_request_count("open-meteo", "unknown_location") == 1);
  CHECK(fixture.provider_request_count("open-meteo", "error") == 1);
}

TEST_CASE("provider chain: failures are logged with provider, location and error", "[services][weather]") {
  chain_fixture fixture;
  captured_log log;
  auto context = fixture.make_context();
  context.log = telemetry::logger{log.sink(), "weather", telemetry::log_level::warn, telemetry::log_format::json};
  provider_chain provider_chain{context, providers_fixture::chain_settings()};
  fixture.wttr.status = http::status::bad_gateway;
  fixture.time.run(provider_chain.fetch(rome));
  fixture.wttr.delay = 1s;
  spawned_task<provider_chain::fetch_result> cancelled_task{fixture.time, provider_chain.fetch(default_place)};
  cancelled_task.cancel();
  const auto lines = log.close();
  REQUIRE(lines.size() == 2);
  CHECK(json_at(lines[0], "/provider") == "\"wttr.in\"");
  CHECK(json_at(lines[0], "/location") == "\"rome,italy\"");
  CHECK(json_at(lines[0], "/error") == "\"status 502\"");
  CHECK(json_at(lines[1], "/provider") == "\"open-meteo\"");
  CHECK(json_at(lines[1], "/error") == "\"unknown location\"");
}

TEST_CASE("provider chain: the fallback is not called after a cancellation", "[services][weather]") {
  chain_fixture fixture;
  fixture.wttr.delay = 3s;
  spawned_task<provider_chain::fetch_result> fetch_task{fixture.time, fixture.chain.fetch(default_place)};
  fixture.time.run_for(1s);
  fetch_task.cancel();
  CHECK(fetch_task.ended());
  fixture.time.run_for(5s);
  CHECK(fixture.forecast.request_count() == 0);
  CHECK_FALSE(fixture.cooldown().has_value());
}

}  // namespace
}  // namespace cohort

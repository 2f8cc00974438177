// SPDX-License-Identifier: BSL-1.0
#include "services/weather/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr std::string_view haifa_report =
    R"("location":{"city":"Haifa","country":"Israel","latitude":32.794,"longitude":34.9896},)"
    R"("weather":{"temperature_c":"21","temperature_f":"70","condition":"Partly cloudy","humidity":"64",)"
    R"("wind_speed_kmph":"13","feels_like_c":"20"})";

TEST_CASE("weather: fresh and cached responses have the documented fields", "[services][weather]") {
  weather_app_fixture fixture;
  const auto fresh = fixture.response_to(get("/api/weather"));
  CHECK(fresh.status == 200);
  CHECK(fresh.header("Content-Type") == "application/json");
  CHECK(fresh.body ==
        R"({"service":"weather-service","cached":false,"provider":"wttr.in",)" + std::string{haifa_report} + "}");
  CHECK(fixture.wttr.targets.back() == "/Haifa,Israel?format=j1");
  fixture.time.run_for(61s + 900ms);
  const auto cached = fixture.get_weather("haifa,ISRAEL");
  CHECK(cached.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","cache_age_seconds":61,)" +
                           std::string{haifa_report} + "}");
  CHECK(fixture.wttr.request_count() == 1);
}

TEST_CASE("weather: a stale report after a failed fetch has its age and the error", "[services][weather]") {
  weather_app_fixture fixture;
  fixture.response_to(get("/api/weather"));
  fixture.time.run_for(700s);
  fixture.wttr.status = http::status::bad_gateway;
  const auto stale = fixture.response_to(get("/api/weather"));
  CHECK(stale.status == 200);
  CHECK(stale.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","stale":true,)"
                      R"("cache_age_seconds":700,)" +
                          std::string{haifa_report} + R"(,"error":"Using stale cache due to error: status 502"})");
}

TEST_CASE("weather: a stale report during a fetch has its age and no error", "[services][weather]") {
  weather_app_fixture fixture;
  fixture.response_to(get("/api/weather"));
  fixture.time.run_for(630s);
  fixture.wttr.body = wttr_response("22");
  const auto stale = fixture.response_to(get("/api/weather"));
  CHECK(stale.status == 200);
  CHECK(stale.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","stale":true,)"
                      R"("cache_age_seconds":630,)" +
                          std::string{haifa_report} + "}");
  fixture.time.run_for(1s);
  CHECK(json_at(fixture.response_to(get("/api/weather")).body, "/weather/temperature_c") == "\"22\"");
}

TEST_CASE("weather: a report of the fallback provider has the same fields and the name of that provider",
          "[services][weather]") {
  weather_app_fixture fixture{{}, providers_fixture::open_meteo()};
  fixture.wttr.status = http::status::bad_gateway;
  const auto response = fixture.get_weather("Paris,France");
  CHECK(response.status == 200);
  CHECK(response.body ==
        R"({"service":"weather-service","cached":false,"provider":"open-meteo",)"
        R"("location":{"city":"Paris","country":"France","latitude":48.85341,"longitude":2.3488},)"
        R"("weather":{"temperature_c":"19","temperature_f":"65","condition":"Slight rain showers","humidity":"57",)"
        R"("wind_speed_kmph":"13","feels_like_c":"17"}})");
}

TEST_CASE("weather: without a report the response is 503 with the first provider's error", "[services][weather]") {
  weather_app_fixture fixture{{}, providers_fixture::open_meteo()};
  fixture.wttr.status = http::status::bad_gateway;
  fixture.forecast.status = http::status::service_unavailable;
  const auto response = fixture.response_to(get("/api/weather"));
  CHECK(response.status == 503);
  CHECK(response.header("Retry-After") == "5");
  CHECK(response.body ==
        R"({"service":"weather-service","error":"status 502","message":"Could not fetch weather data"})");
}

TEST_CASE("weather: Retry-After is the time until the next fetch", "[services][weather]") {
  weather_app_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.response_to(get("/api/weather")).header("Retry-After") == "5");
  fixture.time.run_for(3500ms);
  CHECK(fixture.response_to(get("/api/weather")).header("Retry-After") == "2");
  CHECK(fixture.wttr.request_count() == 1);
}

TEST_CASE("weather: Retry-After is the shortest time until a provider may be called", "[services][weather][case-2.7]") {
  weather_app_fixture fixture{"", providers_fixture::open_meteo()};
  fixture.wttr.status = fixture.geocoder.status = http::status::too_many_requests;
  fixture.wttr.retry_after = "50";
  fixture.geocoder.retry_after = "40";
  CHECK(fixture.get_weather("Paris,France").header("Retry-After") == "40");
  CHECK(fixture.get_weather("Rome,Italy").header("Retry-After") == "40");
  fixture.time.run_for(6s);
  for (const auto* query : {"Paris,France", "Rome,Italy", "London,UK"}) {
    const auto response = fixture.get_weather(query);
    CHECK(response.status == 503);
    CHECK(response.header("Retry-After") == "34");
  }
  CHECK(fixture.wttr.request_count() == 1);
  CHECK(fixture.geocoder.request_count() == 1);
}

TEST_CASE("weather: an invalid location is rejected with 400, and no provider is called", "[services][weather]") {
  weather_app_fixture fixture;
  const auto* const query = GENERATE("", "Paris", "Paris,", ",France", "Paris%0d%0a,France", "Paris,Fran%ffce",
                                     "Paris,France&location=Rome,Italy", "Paris,France&%6cocation=Paris,France");
  CAPTURE(query);
  const auto response = fixture.get_weather(query);
  CHECK(response.status == 400);
  CHECK(
      json_at(response.body, "/message") ==
      "\"location must be one City,Country, such as Paris,France: UTF-8 without control characters, at most 256 bytes\"");
  CHECK(fixture.wttr.request_count() == 0);
}

TEST_CASE("weather: the response is sent before the caller's deadline, and the fetch continues",
          "[services][weather]") {
  weather_app_fixture fixture;
  fixture.wttr.delay = 3s;
  const auto start = fixture.time.now();
  const auto response = fixture.response_to(get("/api/weather", "x-envoy-expected-rq-timeout-ms: 1000\r\n"));
  CHECK(fixture.time.now() - start < 1s);
  CHECK(response.status == 503);
  CHECK(json_at(response.body, "/error") == "\"timeout\"");
  CHECK(response.header("Retry-After") == "5");
  fixture.time.run_for(3s);
  CHECK(json_at(fixture.response_to(get("/api/weather")).body, "/cached") == "true");
  CHECK(fixture.wttr.request_count() == 1);
}

TEST_CASE("weather: an unresponsive provider delays the response by at most five seconds", "[services][weather]") {
  weather_app_fixture fixture;
  fixture.wttr.delay = 1h;
  const auto start = fixture.time.now();
  const auto response = fixture.response_to(get("/api/weather"));
  CHECK(response.status == 503);
  CHECK(json_at(response.body, "/error") == "\"timeout\"");
  CHECK(fixture.time.now() - start >= 5s);
  CHECK(fixture.time.now() - start < 5100ms);
}

TEST_CASE("weather: the API key is not sent to providers", "[services][weather]") {
  weather_app_fixture fixture{"secret", providers_fixture::open_meteo()};
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(fixture.response_to(get("/api/weather?location=Paris,France", "X-API-Key: secret\r\n")).status == 200);
  CHECK(fixture.wttr.request_count() == 1);
  for (const auto* provider : {&fixture.wttr, &fixture.geocoder, &fixture.forecast}) {
    CHECK_FALSE(provider->field("X-API-Key").has_value());
  }
}

TEST_CASE("weather: redirects of a provider are followed without the API key", "[services][weather]") {
  weather_app_fixture fixture{"secret"};
  scripted_response redirected;
  redirected.body = wttr_response("33");
  fixture.add_server("redirected.test", scripted_router("/x", redirected));
  fixture.wttr.status = http::status::found;
  fixture.wttr.location = "http://redirected.test/x";
  const auto response = fixture.response_to(get("/api/weather", "X-API-Key: secret\r\n"));
  CHECK(json_at(response.body, "/weather/temperature_c") == "\"33\"");
  CHECK_FALSE(redirected.field("X-API-Key").has_value());
  CHECK(redirected.field("Accept") == "application/json");
}

TEST_CASE("weather: at most three redirects are followed", "[services][weather]") {
  weather_app_fixture fixture;
  fixture.wttr.status = http::status::found;
  fixture.wttr.location = "/again";
  CHECK(json_at(fixture.response_to(get("/api/weather")).body, "/error") == "\"protocol\"");
  CHECK(fixture.wttr.request_count() == 4);
}

TEST_CASE("weather: the built-in sample is marked, and no provider is called", "[services][weather][case-5.13]") {
  providers_fixture fixture;
  auto providers = providers_fixture::chain_settings();
  providers.sample = true;
  fixture.serve(weather::app(fixture.make_context(), {.providers = std::move(providers), .max_age = 10min}));
  const auto* const target =
      GENERATE("/api/weather", "/api/weather?location=Paris,France", "/api/weather?location=Nowhere,Atlantis",
               "/api/weather?location=M%C3%BCnchen,DE");
  const auto fresh = fixture.response_to(get(target));
  CHECK(fresh.status == 200);
  CHECK(json_at(fresh.body, "/sample") == "true");
  CHECK(json_at(fresh.body, "/provider") == "\"sample\"");
  CHECK(json_at(fresh.body, "/weather/temperature_c") == "\"21\"");
  const auto cached_response = fixture.response_to(get(target));
  CHECK(json_at(cached_response.body, "/cached") == "true");
  CHECK(json_at(cached_response.body, "/sample") == "true");
  CHECK(fixture.wttr.request_count() + fixture.geocoder.request_count() + fixture.forecast.request_count() == 0);
}

TEST_CASE("weather: the response lists the requests, failures and cooldown of each provider", "[services][weather]") {
  weather_app_fixture fixture{"", providers_fixture::open_meteo()};
  fixture.wttr.status = http::status::too_many_requests;
  CHECK(fixture.get_weather("Paris,France").status == 200);
  fixture.wttr.status = http::status::ok;
  fixture.time.run_for(2s);
  const auto paused_response = fixture.response_to(get("/api/weather/providers"));
  CHECK(paused_response.header("Cache-Control") == "no-store");
  CHECK(paused_response.body == R"({"service":"weather-service","providers":[)"
                                R"({"name":"wttr.in","requests":1,"failures":1,"cooldown_ms":3000},)"
                                R"({"name":"open-meteo","requests":1,"failures":0,"cooldown_ms":0}]})");
  fixture.time.run_for(4s);
  CHECK(fixture.get_weather("Rome,Italy").status == 200);
  CHECK(json_at(fixture.response_to(get("/api/weather/providers")).body, "/providers/0") ==
        R"({"name":"wttr.in","requests":2,"failures":1,"cooldown_ms":0})");
}

TEST_CASE("weather: the built-in sample has no providers", "[services][weather]") {
  providers_fixture fixture;
  auto providers = providers_fixture::chain_settings();
  providers.sample = true;
  fixture.serve(weather::app(fixture.make_context(), {.providers = providers, .max_age = 10min}));
  CHECK(fixture.response_to(get("/api/weather/providers")).body == R"({"service":"weather-service","providers":[]})");
}

TEST_CASE("weather: a report of a provider is not marked as a sample", "[services][weather][case-5.13]") {
  weather_app_fixture fixture{{}, providers_fixture::open_meteo()};
  CHECK_FALSE(json_at(fixture.response_to(get("/api/weather")).body, "/sample").has_value());
  fixture.wttr.status = http::status::bad_gateway;
  CHECK_FALSE(json_at(fixture.get_weather("Paris,France").body, "/sample").has_value());
}

}  // namespace
}  // namespace cohort

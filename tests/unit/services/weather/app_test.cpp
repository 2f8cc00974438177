#include "services/weather/app.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/two_providers.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

struct weather_service : two_providers {
  explicit weather_service(std::string key = {}, std::optional<weather::open_meteo_site> fallback = {})
      : two_providers(std::move(key)) {
    serve(weather::app(kit(), {.upstream = url_of("http://wttr.test"),
                               .fallback = std::move(fallback),
                               .cache_time = 10min,
                               .calls = asked_once()}));
  }
  scripted_answer& provider = wttr;
};

constexpr std::string_view haifa =
    R"("location":{"city":"Haifa","country":"Israel","latitude":32.794,"longitude":34.9896},)"
    R"("weather":{"temperature_c":"21","temperature_f":"70","condition":"Partly cloudy","humidity":"64",)"
    R"("wind_speed_kmph":"13","feels_like_c":"20"})";

TEST_CASE("A report from the provider, and one from the cache, are as the contract has them") {
  weather_service stage;
  const auto fresh = stage.answer_to(get("/api/weather"));
  CHECK(fresh.status == 200);
  CHECK(fresh.header("Content-Type") == "application/json");
  CHECK(fresh.body ==
        R"({"service":"weather-service","cached":false,"provider":"wttr.in",)" + std::string{haifa} + "}");
  CHECK(stage.provider.targets.back() == "/Haifa,Israel?format=j1");
  stage.time.run_for(61s + 900ms);
  const auto cached = stage.answer_to(get("/api/weather?location=haifa,ISRAEL"));
  CHECK(cached.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","cache_age_seconds":61,)" +
                           std::string{haifa} + "}");
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("An old report that stands in says so, how old it is and why") {
  weather_service stage;
  stage.answer_to(get("/api/weather"));
  stage.time.run_for(700s);
  stage.provider.code = http::status::bad_gateway;
  const auto stale = stage.answer_to(get("/api/weather"));
  CHECK(stale.status == 200);
  CHECK(stale.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","stale":true,)"
                      R"("cache_age_seconds":700,)" +
                          std::string{haifa} + R"(,"error":"Using stale cache due to error: status 502"})");
}

TEST_CASE("An old report that is given while a new one is fetched says so, and has no error") {
  weather_service stage;
  stage.answer_to(get("/api/weather"));
  stage.time.run_for(630s);
  stage.provider.body = wttr_answer("22");
  const auto stale = stage.answer_to(get("/api/weather"));
  CHECK(stale.status == 200);
  CHECK(stale.body == R"({"service":"weather-service","cached":true,"provider":"wttr.in","stale":true,)"
                      R"("cache_age_seconds":630,)" +
                          std::string{haifa} + "}");
  stage.time.run_for(1s);
  CHECK(json_at(stage.answer_to(get("/api/weather")).body, "/weather/temperature_c") == "\"22\"");
}

TEST_CASE("The second provider's report has the same shape, and says whose it is") {
  weather_service stage{{}, two_providers::meteo_site()};
  stage.provider.code = http::status::bad_gateway;
  const auto got = stage.answer_to(get("/api/weather?location=Paris,France"));
  CHECK(got.status == 200);
  CHECK(got.body ==
        R"({"service":"weather-service","cached":false,"provider":"open-meteo",)"
        R"("location":{"city":"Paris","country":"France","latitude":48.85341,"longitude":2.3488},)"
        R"("weather":{"temperature_c":"19","temperature_f":"65","condition":"Slight rain showers","humidity":"57",)"
        R"("wind_speed_kmph":"13","feels_like_c":"17"}})");
}

TEST_CASE("Where both providers are down the answer is as with one") {
  weather_service stage{{}, two_providers::meteo_site()};
  stage.provider.code = http::status::bad_gateway;
  stage.meteo.code = http::status::service_unavailable;
  const auto failed = stage.answer_to(get("/api/weather"));
  CHECK(failed.status == 503);
  CHECK(failed.header("Retry-After") == "5");
  CHECK(failed.body ==
        R"({"service":"weather-service","error":"status 502","message":"Could not fetch weather data"})");
}

TEST_CASE("Without any report the answer is 503, and says when to ask again") {
  weather_service stage;
  stage.provider.code = http::status::bad_gateway;
  const auto failed = stage.answer_to(get("/api/weather"));
  CHECK(failed.status == 503);
  CHECK(failed.header("Retry-After") == "5");
  CHECK(failed.body ==
        R"({"service":"weather-service","error":"status 502","message":"Could not fetch weather data"})");
  stage.time.run_for(3500ms);
  CHECK(stage.answer_to(get("/api/weather")).header("Retry-After") == "2");
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("Another place is asked for by name; what is no place is refused before anybody is asked") {
  weather_service stage;
  const auto other = stage.answer_to(get("/api/weather?location=New%20York,United+States"));
  CHECK(other.status == 200);
  CHECK(json_at(other.body, "/location/city") == "\"New York\"");
  CHECK(json_at(other.body, "/location/latitude") == "32.817");
  CHECK(stage.provider.targets.back() == "/New%20York,United%20States?format=j1");
  for (const auto* query : {"", "Paris", "Paris,France,x", "..%2F..,x", "Paris%0d%0a,France"}) {
    CAPTURE(query);
    const auto refused = stage.answer_to(get("/api/weather?location=" + std::string{query}));
    CHECK(refused.status == 400);
    CHECK(json_at(refused.body, "/message") == "\"location must look like City,Country\"");
  }
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("A caller in a hurry is answered within its time, and the report is there for the next one") {
  weather_service stage;
  stage.provider.delay = 3s;
  const auto start = stage.time.now();
  const auto hurried = stage.answer_to(get("/api/weather", "x-envoy-expected-rq-timeout-ms: 1000\r\n"));
  CHECK(stage.time.now() - start < 1s);
  CHECK(hurried.status == 503);
  CHECK(json_at(hurried.body, "/error") == "\"timeout\"");
  CHECK(hurried.header("Retry-After") == "5");
  stage.time.run_for(3s);
  CHECK(json_at(stage.answer_to(get("/api/weather")).body, "/cached") == "true");
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("A provider that says nothing costs five seconds, and no more") {
  weather_service stage;
  stage.provider.delay = 1h;
  const auto start = stage.time.now();
  const auto failed = stage.answer_to(get("/api/weather"));
  CHECK(failed.status == 503);
  CHECK(json_at(failed.body, "/error") == "\"timeout\"");
  CHECK(stage.time.now() - start >= 5s);
  CHECK(stage.time.now() - start < 5100ms);
}

TEST_CASE("The second provider does not learn our key") {
  weather_service stage{"secret", two_providers::meteo_site()};
  stage.provider.code = http::status::bad_gateway;
  CHECK(stage.answer_to(get("/api/weather?location=Paris,France", "X-API-Key: secret\r\n")).status == 200);
  CHECK_FALSE(stage.geocoder.field("X-API-Key").has_value());
  CHECK_FALSE(stage.meteo.field("X-API-Key").has_value());
}

TEST_CASE("The provider does not learn our key, and may redirect") {
  weather_service stage{"secret"};
  scripted_answer elsewhere;
  elsewhere.body = wttr_answer("33");
  stage.add_site("elsewhere.test", scripted("/x", elsewhere));
  stage.provider.code = http::status::found;
  stage.provider.location = "http://elsewhere.test/x";
  const auto got = stage.answer_to(get("/api/weather", "X-API-Key: secret\r\n"));
  CHECK(json_at(got.body, "/weather/temperature_c") == "\"33\"");
  CHECK_FALSE(stage.provider.field("X-API-Key").has_value());
  CHECK_FALSE(elsewhere.field("X-API-Key").has_value());
  CHECK(elsewhere.field("Accept") == "application/json");
}

TEST_CASE("A provider that redirects without end is given up") {
  weather_service stage;
  stage.provider.code = http::status::found;
  stage.provider.location = "/again";
  CHECK(json_at(stage.answer_to(get("/api/weather")).body, "/error") == "\"protocol\"");
  CHECK(stage.provider.asked() == 4);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/open_meteo.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/integration/weather/open_meteo_samples.hpp"
#include "tests/unit/services/weather/providers_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using weather::parse_open_meteo;

TEST_CASE("open-meteo: the forecast URL has plain decimal coordinates", "[services][weather]") {
  const auto [base, latitude, longitude, expected] = GENERATE(table<std::string, double, double, std::string>({
      {"https://api.open-meteo.com", 32.794, 34.9896,
       "https://api.open-meteo.com/v1/forecast?latitude=32.794&longitude=34.9896"},
      {"https://api.open-meteo.com/", -33.0, -0.00001,
       "https://api.open-meteo.com/v1/forecast?latitude=-33&longitude=-0.00001"},
      {"http://cache.test:81/meteo", 0.0, 179.99999,
       "http://cache.test:81/meteo/v1/forecast?latitude=0&longitude=179.99999"},
  }));
  const weather::location location{"A", "B", latitude, longitude};
  CHECK(weather::open_meteo_url(parse_url(base), location).buffer() ==
        expected + "&current=temperature_2m,relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m");
}

TEST_CASE("open-meteo: a report has rounded values", "[services][weather]") {
  const auto parsed = parse_open_meteo(open_meteo_response(), weather::default_location());
  REQUIRE(parsed.has_value());
  const auto& report = **parsed;
  CHECK(report.provider == "open-meteo");
  CHECK(report.temperature_c == "19");
  CHECK(report.temperature_f == "65");
  CHECK(report.condition == "Slight rain showers");
  CHECK(report.humidity == "57");
  CHECK(report.wind_speed_kmph == "13");
  CHECK(report.feels_like_c == "17");
  CHECK(report.requested.city == "Haifa");
  CHECK(report.requested.latitude == 32.7940);
  CHECK(report.requested.longitude == 34.9896);
}

TEST_CASE("open-meteo: Fahrenheit is computed before rounding", "[services][weather]") {
  const auto [value, celsius, fahrenheit] = GENERATE(table<std::string, std::string, std::string>({
      {"21", "21", "70"},
      {"0", "0", "32"},
      {"0.5", "1", "33"},
      {"-0.4", "0", "31"},
      {"-0.5", "-1", "31"},
      {"20.4", "20", "69"},
      {"-40.0", "-40", "-40"},
      {"-17.8", "-18", "0"},
      {"1e6", "1000000", "1800032"},
  }));
  CAPTURE(value);
  const auto parsed = parse_open_meteo(open_meteo_response(value), paris);
  REQUIRE(parsed.has_value());
  CHECK((*parsed)->temperature_c == celsius);
  CHECK((*parsed)->temperature_f == fahrenheit);
  CHECK((*parsed)->humidity == "57");
}

TEST_CASE("open-meteo: missing values and unknown weather codes are N/A", "[services][weather]") {
  const auto* const body = GENERATE(R"({"current":{"temperature_2m":20}})",
                                    R"({"current":{"temperature_2m":20,"weather_code":97,"wind_speed_10m":1.1e6}})");
  const auto parsed = parse_open_meteo(body, paris);
  REQUIRE(parsed.has_value());
  const auto& report = **parsed;
  for (const auto& value : {report.condition, report.humidity, report.wind_speed_kmph, report.feels_like_c}) {
    CHECK(value == "N/A");
  }
  CHECK(report.temperature_c == "20");
  CHECK_FALSE(report.requested.latitude.has_value());
}

TEST_CASE("open-meteo: a document without a temperature is an invalid response", "[services][weather]") {
  const auto* const value = GENERATE("null", "1.1e6", "-1e300", "\"21\"", "[21]", "true");
  CAPTURE(value);
  const auto parsed = parse_open_meteo(open_meteo_response(value), paris);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().kind == weather::failure_kind::response_invalid);
}

TEST_CASE("open-meteo: a body without current conditions is an invalid response", "[services][weather]") {
  const auto* const body = GENERATE(
      "", "null", "[]", "{}", "<html>Sorry</html>", R"({"current":null})", R"({"current":{}})", R"({"current":[{}]})",
      R"({"current":{})", R"([{"current":{}}])", R"({"error":true,"reason":"Parameter 'latitude' is out of range"})");
  CAPTURE(body);
  const auto parsed = parse_open_meteo(body, paris);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().kind == weather::failure_kind::response_invalid);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/geocoding.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/providers_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using weather::parse_geocoding;

std::string results(std::initializer_list<std::string> list) {
  std::string joined;
  for (const auto& item : list) joined += (joined.empty() ? "" : ",") + item;
  return R"({"results":[)" + joined + "]}";
}

TEST_CASE("geocoding: the URL has the percent-encoded city", "[services][weather]") {
  const auto [city, name] = GENERATE(table<std::string, std::string>({
      {"Paris", "Paris"},
      {"New York", "New%20York"},
      {"M\u00fcnchen", "M%C3%BCnchen"},
      {"St. John's", "St.%20John's"},
      {"a&b#c", "a%26b%23c"},
  }));
  const weather::location location{city, "X", {}, {}};
  CHECK(weather::geocoding_url(parse_url("https://geocoding-api.open-meteo.com"), location).buffer() ==
        "https://geocoding-api.open-meteo.com/v1/search?name=" + name + "&count=100&language=en&format=json");
}

TEST_CASE("geocoding: the first result in the country is used", "[services][weather]") {
  const auto [country, latitude, longitude] = GENERATE(table<std::string, double, double>({
      {"France", 48.85341, 2.3488},
      {"fRANCE", 48.85341, 2.3488},
      {"FR", 48.85341, 2.3488},
      {"Frankreich", 48.85341, 2.3488},
      {"United States", 33.66094, -95.55551},
      {"us", 33.66094, -95.55551},
      {"Texas", 33.66094, -95.55551},
  }));
  const weather::location location{"paris", country, {}, {}};
  const auto result = parse_geocoding(geocoding_response(), location);
  REQUIRE(result.has_value());
  CHECK(result->latitude == latitude);
  CHECK(result->longitude == longitude);
  CHECK(result->city == "paris");
  CHECK(result->country == country);
}

TEST_CASE("geocoding: a name that is a region and a country prefers the region", "[services][weather]") {
  const auto body = results({geocoding_result("Atlanta", "US", "United States", "Georgia", 33.7, -84.4),
                             geocoding_result("Atlanta", "GE", "Georgia", "", 42.0, 43.0)});
  const auto atlanta = parse_geocoding(body, {"Atlanta", "Georgia", {}, {}});
  REQUIRE(atlanta.has_value());
  CHECK(atlanta->latitude == 33.7);
}

TEST_CASE("geocoding: without a match the location is unknown", "[services][weather]") {
  const auto [country, body] = GENERATE(table<std::string, std::string>({
      {"Italy", geocoding_response()},
      {"F", geocoding_response()},
      {"France", R"({"generationtime_ms":0.1})"},
      {"France", R"({"results":[],"generationtime_ms":0.1})"},
      {"France", R"({"results":[{"country":"France"}]})"},
      {"France", R"({"results":[{"country":"France","latitude":1.5}]})"},
      {"France", R"({"results":[{"country":"France","longitude":1.5}]})"},
      {"France", R"({"results":[{"country":"France","latitude":"1.5","longitude":"1.5"}]})"},
      {"France", R"({"results":[{"country":"France","latitude":91,"longitude":1.5}]})"},
      {"France", R"({"results":[{"country":1,"country_code":null,"latitude":1.5,"longitude":1.5},null,7]})"},
  }));
  CAPTURE(country, body);
  const auto result = parse_geocoding(body, {"Paris", country, {}, {}});
  REQUIRE(result.has_error());
  CHECK(result.error().kind == weather::failure_kind::location_unknown);
}

TEST_CASE("geocoding: a body without a list of results is an invalid response", "[services][weather]") {
  const auto* const body =
      GENERATE("", "null", "[]", "<html>Sorry</html>", R"({"results":null})", R"({"results":{}})", R"({"results":[})");
  CAPTURE(body);
  const auto result = parse_geocoding(body, paris);
  REQUIRE(result.has_error());
  CHECK(result.error().kind == weather::failure_kind::response_invalid);
}

}  // namespace
}  // namespace cohort

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
  std::string joined_results;
  for (const auto& item : list) joined_results += (joined_results.empty() ? "" : ",") + item;
  return R"({"results":[)" + joined_results + "]}";
}

TEST_CASE("geocoding: the URL contains the percent-encoded city", "[services][weather]") {
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
  CHECK(result->found.latitude == latitude);
  CHECK(result->found.longitude == longitude);
  CHECK(result->found.city == "paris");
  CHECK(result->found.country == country);
  CHECK_FALSE(result->different_place.has_value());
}

TEST_CASE("geocoding: a place whose longer name begins with the requested name is a different place",
          "[services][weather][case-3.6]") {
  const auto springfield = geocoding_result("Springfield", "US", "United States", "Missouri", 37.2, -93.3);
  const weather::location spring{"Spring", "USA", {}, {}};
  const auto other_result = parse_geocoding(results({springfield}), spring);
  REQUIRE(other_result.has_value());
  REQUIRE(other_result->different_place.has_value());
  CHECK(other_result->different_place->city == "Springfield");
  CHECK(other_result->different_place->region == "Missouri");
  CHECK(other_result->different_place->country == "United States");
  CHECK(other_result->different_place->latitude == 37.2);

  const auto same = parse_geocoding(
      results({springfield, geocoding_result("Spring", "US", "United States", "Texas", 30.1, -95.4)}), spring);
  REQUIRE(same.has_value());
  CHECK(same->found.latitude == 30.1);
  CHECK_FALSE(same->different_place.has_value());
}

TEST_CASE("geocoding: a place in another region is a different place, unless the region is an unknown abbreviation",
          "[services][weather][case-3.6]") {
  const auto [region, is_different_place] = GENERATE(table<std::string, bool>({
      {"Missouri", false},
      {"missouri", false},
      {"State of Missouri", false},
      {"Ohio", true},
      {"OH", true},
      {"MO", false},
      {"mo.", false},
      {"XY", false},
  }));
  CAPTURE(region);
  const auto body = results({geocoding_result("Springfield", "US", "United States", "Missouri", 37.2, -93.3)});
  const auto result = parse_geocoding(body, {"Springfield", "USA", {}, {}, region});
  REQUIRE(result.has_value());
  CHECK(result->different_place.has_value() == is_different_place);
}

TEST_CASE("geocoding: the abbreviation of a state or province matches its name", "[services][weather][case-3.4]") {
  const auto body = results({geocoding_result("Perth", "CA", "Canada", "Ontario", 44.9, -76.2),
                             geocoding_result("Perth", "US", "United States", "North Dakota", 48.7, -99.5),
                             geocoding_result("Perth", "AU", "Australia", "Western Australia", -31.9, 115.9)});
  const auto [region, country, latitude] = GENERATE(table<std::string, std::string, double>({
      {"", "ON", 44.9},
      {"", "on", 44.9},
      {"", "N.D.", 48.7},
      {"", "WA", -31.9},
      {"WA", "Australia", -31.9},
      {"nd", "USA", 48.7},
      {"", "CA", 44.9},  // CA is the code of a country here, not California
  }));
  CAPTURE(region, country);
  const auto result = parse_geocoding(body, {"Perth", country, {}, {}, region});
  REQUIRE(result.has_value());
  CHECK(result->found.latitude == latitude);
  CHECK_FALSE(result->different_place.has_value());
  CHECK(parse_geocoding(body, {"Perth", "TX", {}, {}}).has_error());
}

TEST_CASE("geocoding: the name of a country may be inverted as in ISO 3166", "[services][weather][case-3.4]") {
  const auto [region, country] = GENERATE(table<std::string, std::string>({
      {"Korea", "Republic of"},
      {"Korea", "South"},
      {"KOREA", "REPUBLIC OF"},
  }));
  const auto body = results({geocoding_result("Seoul", "KR", "South Korea", "Seoul", 37.6, 127.0)});
  const auto result = parse_geocoding(body, {"Seoul", country, {}, {}, region});
  REQUIRE(result.has_value());
  CHECK_FALSE(result->different_place.has_value());
}

TEST_CASE("geocoding: a name that is both a region and a country is interpreted as the region", "[services][weather]") {
  const auto body = results({geocoding_result("Atlanta", "US", "United States", "Georgia", 33.7, -84.4),
                             geocoding_result("Atlanta", "GE", "Georgia", "", 42.0, 43.0)});
  const auto atlanta = parse_geocoding(body, {"Atlanta", "Georgia", {}, {}});
  REQUIRE(atlanta.has_value());
  CHECK(atlanta->found.latitude == 33.7);
}

TEST_CASE("geocoding: without a match the location is unknown", "[services][weather]") {
  const auto [country, body] = GENERATE(table<std::string, std::string>({
      {"Italy", geocoding_response()},
      {"F", geocoding_response()},
      {"France", R"({"generationtime_ms":0.1})"},
      {"France", R"({"results":[],"generationtime_ms":0.1})"},
      {"France", R"({"results":null})"},
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
  const auto* const body = GENERATE("", "null", "[]", "<html>Sorry</html>", R"({"results":{}})", R"({"results":[})");
  CAPTURE(body);
  const auto result = parse_geocoding(body, paris);
  REQUIRE(result.has_error());
  CHECK(result.error().kind == weather::failure_kind::response_invalid);
}

}  // namespace
}  // namespace cohort

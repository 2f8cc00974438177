#include "services/weather/open_meteo.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/integration/open_meteo_samples.hpp"
#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

const weather::place paris{"Paris", "France", {}, {}};

TEST_CASE("The forecast's address has the coordinates as plain decimals, and asks for what is told") {
  const auto [base, latitude, longitude, wanted] = GENERATE(table<std::string, double, double, std::string>({
      {"https://api.open-meteo.com", 32.794, 34.9896,
       "https://api.open-meteo.com/v1/forecast?latitude=32.794&longitude=34.9896"},
      {"https://api.open-meteo.com/", -33.0, -0.00001,
       "https://api.open-meteo.com/v1/forecast?latitude=-33&longitude=-0.00001"},
      {"http://cache.test:81/meteo", 0.0, 179.99999,
       "http://cache.test:81/meteo/v1/forecast?latitude=0&longitude=179.99999"},
  }));
  const weather::place where{"A", "B", latitude, longitude};
  CHECK(weather::open_meteo_url(url_of(base), where).buffer() ==
        wanted + "&current=temperature_2m,relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m");
}

TEST_CASE("The geocoder's address has the city, whatever is in its name") {
  const auto [city, wanted] = GENERATE(table<std::string, std::string>({
      {"Paris", "Paris"},
      {"New York", "New%20York"},
      {"M\u00fcnchen", "M%C3%BCnchen"},
      {"St. John's", "St.%20John's"},
      {"a&b#c", "a%26b%23c"},
  }));
  const weather::place where{city, "X", {}, {}};
  CHECK(weather::geocoding_url(url_of("https://geocoding-api.open-meteo.com"), where).buffer() ==
        "https://geocoding-api.open-meteo.com/v1/search?name=" + wanted + "&count=10&language=en&format=json");
}

TEST_CASE("A report from Open-Meteo looks like one from wttr.in") {
  const auto got = weather::parse_open_meteo(open_meteo_answer(), weather::default_place());
  REQUIRE(got.has_value());
  CHECK(got->provider == "open-meteo");
  CHECK(got->temperature_c == "19");
  CHECK(got->temperature_f == "65");
  CHECK(got->condition == "Slight rain showers");
  CHECK(got->humidity == "57");
  CHECK(got->wind_speed_kmph == "13");
  CHECK(got->feels_like_c == "17");
  CHECK(got->where.city == "Haifa");
  CHECK(got->where.latitude == 32.7940);
  CHECK(got->where.longitude == 34.9896);
}

TEST_CASE("Degrees are rounded, and Fahrenheit is made of what was before") {
  const auto [sent, celsius, fahrenheit] = GENERATE(table<std::string, std::string, std::string>({
      {"21", "21", "70"},
      {"0", "0", "32"},
      {"0.5", "1", "33"},
      {"-0.4", "0", "31"},
      {"-0.5", "-1", "31"},
      {"20.4", "20", "69"},
      {"-40.0", "-40", "-40"},
      {"-17.8", "-18", "0"},
      {"1e6", "1000000", "1800032"},
      {"1.1e6", "N/A", "N/A"},
      {"-1e300", "N/A", "N/A"},
      {"null", "N/A", "N/A"},
      {"\"21\"", "N/A", "N/A"},
      {"[21]", "N/A", "N/A"},
  }));
  CAPTURE(sent);
  const auto got = weather::parse_open_meteo(open_meteo_answer(sent), paris);
  REQUIRE(got.has_value());
  CHECK(got->temperature_c == celsius);
  CHECK(got->temperature_f == fahrenheit);
  CHECK(got->humidity == "57");
}

TEST_CASE("Values that are missing are N/A") {
  const auto got = weather::parse_open_meteo(R"({"current":{}})", paris);
  REQUIRE(got.has_value());
  for (const auto& value : {got->temperature_c, got->temperature_f, got->condition, got->humidity, got->wind_speed_kmph,
                            got->feels_like_c}) {
    CHECK(value == "N/A");
  }
  CHECK_FALSE(got->where.latitude.has_value());
}

TEST_CASE("What has no current conditions is no report") {
  const auto* const body = GENERATE("", "null", "[]", "{}", "<html>Sorry</html>", R"({"current":null})",
                                    R"({"current":[{}]})", R"({"current":{})", R"([{"current":{}}])",
                                    R"({"error":true,"reason":"Parameter 'latitude' is out of range"})");
  CAPTURE(body);
  CHECK_FALSE(weather::parse_open_meteo(body, paris).has_value());
}

TEST_CASE("A weather code is told in Open-Meteo's words for it") {
  const auto [code, words] = GENERATE(table<long, std::string>({
      {0, "Clear sky"},
      {1, "Mainly clear"},
      {2, "Partly cloudy"},
      {3, "Overcast"},
      {45, "Fog"},
      {48, "Depositing rime fog"},
      {51, "Light drizzle"},
      {53, "Moderate drizzle"},
      {55, "Dense drizzle"},
      {56, "Light freezing drizzle"},
      {57, "Dense freezing drizzle"},
      {61, "Slight rain"},
      {63, "Moderate rain"},
      {65, "Heavy rain"},
      {66, "Light freezing rain"},
      {67, "Heavy freezing rain"},
      {71, "Slight snow fall"},
      {73, "Moderate snow fall"},
      {75, "Heavy snow fall"},
      {77, "Snow grains"},
      {80, "Slight rain showers"},
      {81, "Moderate rain showers"},
      {82, "Violent rain showers"},
      {85, "Slight snow showers"},
      {86, "Heavy snow showers"},
      {95, "Thunderstorm"},
      {96, "Thunderstorm with slight hail"},
      {99, "Thunderstorm with heavy hail"},
  }));
  CHECK(weather::weather_condition(code) == words);
}

TEST_CASE("A weather code that Open-Meteo does not give has no words") {
  const auto code = GENERATE(-1, 4, 44, 50, 97, 98, 100);
  CHECK_FALSE(weather::weather_condition(code).has_value());
  const auto got = weather::parse_open_meteo(R"({"current":{"weather_code":)" + std::to_string(code) + "}}", paris);
  REQUIRE(got.has_value());
  CHECK(got->condition == "N/A");
}

TEST_CASE("A place is where the best result in its country is, by name or by code") {
  const auto [country, latitude, longitude] = GENERATE(table<std::string, double, double>({
      {"France", 48.85341, 2.3488},
      {"fRANCE", 48.85341, 2.3488},
      {"FR", 48.85341, 2.3488},
      {"fr", 48.85341, 2.3488},
      {"United States", 33.66094, -95.55551},
      {"us", 33.66094, -95.55551},
  }));
  const weather::place asked{"paris", country, {}, {}};
  const auto got = weather::parse_geocoding(geocoding_answer(), asked);
  REQUIRE(got.has_value());
  CHECK(got->latitude == latitude);
  CHECK(got->longitude == longitude);
  CHECK(got->city == "paris");
  CHECK(got->country == country);
}

TEST_CASE("A place that is not in that country, or nowhere, has no coordinates") {
  const auto [country, body] = GENERATE(table<std::string, std::string>({
      {"Italy", geocoding_answer()},
      {"F", geocoding_answer()},
      {"France ", geocoding_answer()},
      {"France", R"({"generationtime_ms":0.1})"},
      {"France", R"({"results":[],"generationtime_ms":0.1})"},
      {"France", R"({"results":[{"country":"France"}]})"},
      {"France", R"({"results":[{"country":"France","latitude":1.5}]})"},
      {"France", R"({"results":[{"country":"France","longitude":1.5}]})"},
      {"France", R"({"results":[{"country":"France","latitude":"1.5","longitude":"1.5"}]})"},
      {"France", R"({"results":[{"country":1,"country_code":null,"latitude":1.5,"longitude":1.5},null,7]})"},
  }));
  CAPTURE(country, body);
  const weather::place asked{"Paris", country, {}, {}};
  const auto got = weather::parse_geocoding(body, asked);
  REQUIRE(got.has_value());
  CHECK_FALSE(got->latitude.has_value());
  CHECK_FALSE(got->longitude.has_value());
}

TEST_CASE("What is no list of results is no answer of a geocoder") {
  const auto* const body =
      GENERATE("", "null", "[]", "<html>Sorry</html>", R"({"results":null})", R"({"results":{}})", R"({"results":[})");
  CAPTURE(body);
  CHECK_FALSE(weather::parse_geocoding(body, paris).has_value());
}

}  // namespace
}  // namespace cohort

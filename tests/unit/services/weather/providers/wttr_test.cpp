// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/wttr.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/providers_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using weather::parse_wttr;

TEST_CASE("wttr: the URL has the location as one path segment", "[services][weather]") {
  const auto [base, city, country, expected] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"https://wttr.in", "Paris", "France", "https://wttr.in/Paris,France?format=j1"},
      {"https://wttr.in/", "Paris", "France", "https://wttr.in/Paris,France?format=j1"},
      {"http://cache.test:81/wttr", "Paris", "France", "http://cache.test:81/wttr/Paris,France?format=j1"},
      {"http://cache.test:81/wttr/", "Paris", "France", "http://cache.test:81/wttr/Paris,France?format=j1"},
      {"https://wttr.in", "New York", "United States", "https://wttr.in/New%20York,United%20States?format=j1"},
      {"https://wttr.in", "M\u00fcnchen", "Deutschland", "https://wttr.in/M%C3%BCnchen,Deutschland?format=j1"},
  }));
  const weather::location location{city, country, {}, {}};
  CHECK(weather::wttr_url(parse_url(base), location).buffer() == expected);
}

TEST_CASE("wttr: reserved characters in a name are percent-encoded", "[services][weather]") {
  const weather::location location{"a/../b?c#d%2f", "e&f=g", {}, {}};
  auto url = weather::wttr_url(parse_url("https://wttr.in"), location);
  CHECK(url.segments().size() == 1);
  CHECK(url.query() == "format=j1");
  CHECK_FALSE(url.has_fragment());
}

TEST_CASE("wttr: a report has the provider's values and the coordinates of the nearest area", "[services][weather]") {
  const auto parsed = parse_wttr(wttr_response("21", "Paris", "France"), paris);
  REQUIRE(parsed.has_value());
  const auto& report = **parsed;
  CHECK(report.provider == "wttr.in");
  CHECK(report.temperature_c == "21");
  CHECK(report.temperature_f == "70");
  CHECK(report.condition == "Partly cloudy");
  CHECK(report.humidity == "64");
  CHECK(report.wind_speed_kmph == "13");
  CHECK(report.feels_like_c == "20");
  CHECK(report.requested.city == "Paris");
  CHECK(report.requested.latitude == 32.817);
  CHECK(report.requested.longitude == 34.989);
  CHECK_FALSE(report.area.has_value());
}

TEST_CASE("wttr: a report with a byte order mark is accepted", "[services][weather][case-2.4]") {
  const auto parsed = parse_wttr("\xEF\xBB\xBF" + wttr_response("21", "Paris", "France"), paris);
  REQUIRE(parsed.has_value());
  CHECK((*parsed)->temperature_c == "21");
}

TEST_CASE("wttr: known coordinates of the location are kept", "[services][weather]") {
  const auto parsed = parse_wttr(wttr_response(), weather::default_location());
  REQUIRE(parsed.has_value());
  CHECK((*parsed)->requested.latitude == 32.7940);
  CHECK_FALSE((*parsed)->area.has_value());
}

TEST_CASE("wttr: an area far from known coordinates is a different place", "[services][weather]") {
  const weather::location location{"Hefa", "Israel", 31.2, 34.8};
  const auto parsed = parse_wttr(wttr_response(), location);
  REQUIRE(parsed.has_value());
  REQUIRE((*parsed)->area.has_value());
  CHECK((*parsed)->area->latitude == 32.817);
}

TEST_CASE("wttr: an area is the same place if its region was requested instead of its country", "[services][weather]") {
  const auto* const body = R"({"current_condition":[{"temp_C":"21"}],"nearest_area":[{"areaName":[{"value":"Austin"}],)"
                           R"("region":[{"value":"Texas"}],"country":[{"value":"United States of America"}]}]})";
  const auto parsed = parse_wttr(body, {"Austin", "Texas", {}, {}});
  REQUIRE(parsed.has_value());
  CHECK_FALSE((*parsed)->area.has_value());
}

TEST_CASE("wttr: numbers are kept as written; missing values, and values of an unexpected type, are N/A",
          "[services][weather]") {
  const auto [current, temperature, condition] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"temp_C":"21","weatherDesc":[{"value":"Sunny"}]})", "21", "Sunny"},
      {R"({"temp_C":21,"weatherDesc":[]})", "21", "N/A"},
      {R"({"temp_C":-3.5,"weatherDesc":{}})", "-3.5", "N/A"},
      {R"({"temp_C":null,"temp_F":"70","weatherDesc":[{}]})", "N/A", "N/A"},
      {R"({"temp_F":70,"weatherDesc":"Sunny"})", "N/A", "N/A"},
      {R"({"temp_C":"abc","temp_F":"70","weatherDesc":[]})", "N/A", "N/A"},
      {R"({"temp_C":"0","weatherDesc":[{"value":""}]})", "0", "N/A"},
      {R"({"temp_C":"21","weatherDesc":[{"value":["x"]}]})", "21", "N/A"},
      {R"({"temp_C":"21","weatherDesc":[[]]})", "21", "N/A"},
      {R"({"temp_C":"21","weatherDesc":null})", "21", "N/A"},
  }));
  CAPTURE(current);
  const auto parsed = parse_wttr(R"({"current_condition":[)" + current + "]}", paris);
  REQUIRE(parsed.has_value());
  CHECK((*parsed)->temperature_c == temperature);
  CHECK((*parsed)->condition == condition);
  CHECK((*parsed)->humidity == "N/A");
  CHECK_FALSE((*parsed)->requested.latitude.has_value());
}

TEST_CASE("wttr: coordinates that are not finite numbers are ignored", "[services][weather]") {
  const auto* const value = GENERATE("\"\"", "\"north\"", "\"1,5\"", "\"1e999\"", "\"nan\"", "\"inf\"", "\"-Infinity\"",
                                     "\"12x\"", "null", "[]", "true");
  CAPTURE(value);
  const auto parsed = parse_wttr(R"({"current_condition":[{"temp_C":"21"}],"nearest_area":[{"latitude":)" +
                                     std::string{value} + R"(,"longitude":"1.5"}]})",
                                 paris);
  REQUIRE(parsed.has_value());
  CHECK_FALSE((*parsed)->requested.latitude.has_value());
  CHECK((*parsed)->requested.longitude == 1.5);
}

TEST_CASE("wttr: a document without a temperature is an invalid response", "[services][weather]") {
  const auto* const current =
      GENERATE(R"({})", R"({"humidity":"64","weatherDesc":[{"value":"Sunny"}]})", R"({"temp_C":null})",
               R"({"temp_C":"","temp_F":""})", R"({"temp_C":"N/A"})", R"({"temp_C":true})", R"({"temp_C":["21"]})",
               R"({"temp_C":{"a":1}})", R"({"temp_c":"21"})", R"({"FeelsLikeC":"20"})");
  CAPTURE(current);
  const auto parsed = parse_wttr(R"({"current_condition":[)" + std::string{current} + "]}", paris);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().kind == weather::failure_kind::response_invalid);
}

TEST_CASE("wttr: a body without a current condition is an invalid response", "[services][weather]") {
  const auto* const body =
      GENERATE("", " ", "null", "42", "[]", "{}", "\"text\"", "<html>Sorry</html>", R"({"current_condition":[]})",
               R"({"current_condition":{}})", R"({"current_condition":null})", R"({"current_condition":[null]})",
               R"({"current_condition":["x"]})", R"({"current_condition":[{}])", R"({"current_condition":[{}]} x)",
               R"([{"current_condition":[{}]}])", R"({"data":{}})", "Sorry, we are running out of queries");
  CAPTURE(body);
  const auto parsed = parse_wttr(body, paris);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().kind == weather::failure_kind::response_invalid);
}

TEST_CASE("wttr: the text for unknown locations is recognized", "[services][weather]") {
  const auto* const body =
      GENERATE("Unknown location; please try ~32.8,34.9", ">>>  Unknown location", "UNKNOWN LOCATION");
  const auto parsed = parse_wttr(body, paris);
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().kind == weather::failure_kind::location_unknown);
  CHECK(parsed.error().error == "unknown location");
}

}  // namespace
}  // namespace cohort

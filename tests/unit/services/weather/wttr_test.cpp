#include "services/weather/wttr.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/integration/wttr_samples.hpp"
#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

const weather::place paris{"Paris", "France", {}, {}};

TEST_CASE("The provider's address has the place as one path segment, and asks for j1") {
  const auto [base, city, country, wanted] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"https://wttr.in", "Paris", "France", "https://wttr.in/Paris,France?format=j1"},
      {"https://wttr.in/", "Paris", "France", "https://wttr.in/Paris,France?format=j1"},
      {"http://cache.test:81/wttr", "Paris", "France", "http://cache.test:81/wttr/Paris,France?format=j1"},
      {"https://wttr.in", "New York", "United States", "https://wttr.in/New%20York,United%20States?format=j1"},
      {"https://wttr.in", "M\u00fcnchen", "Deutschland", "https://wttr.in/M%C3%BCnchen,Deutschland?format=j1"},
  }));
  const weather::place where{city, country, {}, {}};
  CHECK(weather::wttr_url(url_of(base), where).buffer() == wanted);
}

TEST_CASE("What could mean something in a URL does not when it stands in a name") {
  const weather::place where{"a/../b?c#d%2f", "e&f=g", {}, {}};
  auto url = weather::wttr_url(url_of("https://wttr.in"), where);
  CHECK(url.segments().size() == 1);
  CHECK(url.query() == "format=j1");
  CHECK_FALSE(url.has_fragment());
}

TEST_CASE("A report has the provider's words, and its coordinates where ours are not known") {
  const auto got = weather::parse_wttr(wttr_answer(), paris);
  REQUIRE(got.has_value());
  CHECK(got->provider == "wttr.in");
  CHECK(got->temperature_c == "21");
  CHECK(got->temperature_f == "70");
  CHECK(got->condition == "Partly cloudy");
  CHECK(got->humidity == "64");
  CHECK(got->wind_speed_kmph == "13");
  CHECK(got->feels_like_c == "20");
  CHECK(got->where.city == "Paris");
  CHECK(got->where.latitude == 32.817);
  CHECK(got->where.longitude == 34.989);
  CHECK(weather::parse_wttr(wttr_answer(), weather::default_place())->where.latitude == 32.7940);
}

TEST_CASE("A value that is missing, empty or of another type is N/A; a number is taken as written") {
  const auto [current, temperature, condition] = GENERATE(table<std::string, std::string, std::string>({
      {R"({})", "N/A", "N/A"},
      {R"({"temp_C":"21","weatherDesc":[{"value":"Sunny"}]})", "21", "Sunny"},
      {R"({"temp_C":21,"weatherDesc":[]})", "21", "N/A"},
      {R"({"temp_C":-3.5,"weatherDesc":{}})", "-3.5", "N/A"},
      {R"({"temp_C":null,"weatherDesc":[{}]})", "N/A", "N/A"},
      {R"({"temp_C":true,"weatherDesc":"Sunny"})", "N/A", "N/A"},
      {R"({"temp_C":"","weatherDesc":[{"value":""}]})", "N/A", "N/A"},
      {R"({"temp_C":["21"],"weatherDesc":[{"value":["x"]}]})", "N/A", "N/A"},
      {R"({"temp_C":{"a":1},"weatherDesc":[[]]})", "N/A", "N/A"},
      {R"({"temp_c":"21","weatherDesc":null})", "N/A", "N/A"},
  }));
  CAPTURE(current);
  const auto got = weather::parse_wttr(R"({"current_condition":[)" + current + "]}", paris);
  REQUIRE(got.has_value());
  CHECK(got->temperature_c == temperature);
  CHECK(got->condition == condition);
  CHECK(got->humidity == "N/A");
  CHECK_FALSE(got->where.latitude.has_value());
}

TEST_CASE("Coordinates that are no finite numbers are not known") {
  const auto* const value = GENERATE("\"\"", "\"north\"", "\"1,5\"", "\"1e999\"", "\"nan\"", "\"inf\"", "\"-Infinity\"",
                                     "\"12x\"", "null", "[]", "true");
  CAPTURE(value);
  const auto got = weather::parse_wttr(
      R"({"current_condition":[{}],"nearest_area":[{"latitude":)" + std::string{value} + R"(,"longitude":"1.5"}]})",
      paris);
  REQUIRE(got.has_value());
  CHECK_FALSE(got->where.latitude.has_value());
  CHECK(got->where.longitude == 1.5);
}

TEST_CASE("What has no current condition is no report") {
  const auto* const body =
      GENERATE("", " ", "null", "42", "[]", "{}", "\"text\"", "<html>Sorry</html>", R"({"current_condition":[]})",
               R"({"current_condition":{}})", R"({"current_condition":null})", R"({"current_condition":[null]})",
               R"({"current_condition":["x"]})", R"({"current_condition":[{}])", R"({"current_condition":[{}]} x)",
               R"([{"current_condition":[{}]}])", "Unknown location; please try ~32.8,34.9");
  CAPTURE(body);
  CHECK_FALSE(weather::parse_wttr(body, paris).has_value());
}

}  // namespace
}  // namespace cohort

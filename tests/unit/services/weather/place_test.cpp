#include "services/weather/place.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using weather::parse_place;

TEST_CASE("A place is a city and a country") {
  const auto [text, city, country] = GENERATE(table<std::string, std::string, std::string>({
      {"Paris,France", "Paris", "France"},
      {" Paris , France ", "Paris", "France"},
      {"New York,United States", "New York", "United States"},
      {"St. John's,Antigua-Barbuda", "St. John's", "Antigua-Barbuda"},
      {"M\u00fcnchen,Deutschland", "M\u00fcnchen", "Deutschland"},
      {"\u6771\u4eac,\u65e5\u672c", "\u6771\u4eac", "\u65e5\u672c"},
      {"A,B", "A", "B"},
      {std::string(64, 'a') + ",B", std::string(64, 'a'), "B"},
  }));
  const auto got = parse_place(text);
  REQUIRE(got.has_value());
  CHECK(got->city == city);
  CHECK(got->country == country);
  CHECK_FALSE(got->latitude.has_value());
}

TEST_CASE("What is no city and country is refused") {
  const auto text = GENERATE(values<std::string>({
      "",
      "Paris",
      ",",
      "Paris,",
      ",France",
      " , ",
      "Paris,France,Europe",
      "Paris;France",
      "Par1s,France",
      "Paris,Fran/ce",
      "..,..",
      "Paris,.",
      "Paris,-",
      "Paris%2c,France",
      "Paris?format=x,France",
      "Pa#ris,France",
      "Paris\n,France",
      "Paris\t,France",
      "~Paris,France",
      ":help,France",
      "@paris,France",
      "Paris,Fra\xff\x80nce",
      "Pari\xc3,France",
      std::string(65, 'a') + ",B",
      "A," + std::string(65, 'b'),
      std::string("Par\0is,France", 13),
  }));
  CAPTURE(text);
  CHECK_FALSE(parse_place(text).has_value());
}

TEST_CASE("The default place has its coordinates, however it is spelt") {
  const auto got = parse_place("hAiFa, ISRAEL");
  REQUIRE(got.has_value());
  CHECK(got->city == "Haifa");
  CHECK(got->country == "Israel");
  CHECK(got->latitude == 32.7940);
  CHECK(got->longitude == 34.9896);
}

TEST_CASE("Two spellings of a place that differ in letter case share a key; two places do not") {
  CHECK(parse_place("Paris,France")->key() == parse_place("PARIS, france")->key());
  CHECK(parse_place("Paris,France")->key() != parse_place("Paris,Texas")->key());
}

TEST_CASE("Names are the same if they differ in letter case at most") {
  const auto [one, other, same] = GENERATE(table<std::string, std::string, bool>({
      {"France", "France", true},
      {"FRANCE", "france", true},
      {"AZaz", "azAZ", true},
      {"", "", true},
      {"France", "Franc", false},
      {"France", "Frances", false},
      {"France", "Greece", false},
      {"@[", "`{", false},
      {"\u00c9tat", "\u00e9tat", false},
  }));
  CAPTURE(one, other);
  CHECK(weather::same_name(one, other) == same);
}

}  // namespace
}  // namespace cohort

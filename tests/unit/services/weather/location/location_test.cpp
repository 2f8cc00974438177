// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/location.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using weather::parse_location;

TEST_CASE("location: City,Country is parsed without surrounding spaces", "[services][weather]") {
  const auto [text, city, region, country] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"Paris,France", "Paris", "", "France"},
      {" Paris , France ", "Paris", "", "France"},
      {"New York,United States", "New York", "", "United States"},
      {"St. John's,Antigua-Barbuda", "St. John's", "", "Antigua-Barbuda"},
      {"M\u00fcnchen,Deutschland", "M\u00fcnchen", "", "Deutschland"},
      {"\u6771\u4eac,\u65e5\u672c", "\u6771\u4eac", "", "\u65e5\u672c"},
      {"A,B", "A", "", "B"},
      {"Washington, DC, USA", "Washington", "DC", "USA"},
      {"a,b , c,d", "a", "b,c", "d"},
      {"Paris,,France", "Paris", "", "France"},
      {std::string(200, 'a') + ",B", std::string(200, 'a'), "", "B"},
  }));
  const auto parsed = parse_location(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->city == city);
  CHECK(parsed->region == region);
  CHECK(parsed->country == country);
  CHECK_FALSE(parsed->latitude.has_value());
}

TEST_CASE("location: incomplete, overlong and unprintable strings are invalid", "[services][weather]") {
  const auto text = GENERATE(values<std::string>({
      "",
      "Paris",
      ",",
      "Paris,",
      ",France",
      " , ",
      "Paris,France,",
      "Paris;France",
      "Paris\n,France",
      "Paris\t,France",
      "Paris\x7f,France",
      "Paris\xc2\x9f,France",
      "Paris,Fra\xff\x80nce",
      "Pari\xc3,France",
      std::string(255, 'a') + ",B",
      std::string("Par\0is,France", 13),
  }));
  CAPTURE(text);
  CHECK_FALSE(parse_location(text).has_value());
}

TEST_CASE("location: the default location has coordinates in all spellings", "[services][weather]") {
  const auto parsed = parse_location("hAiFa, ISRAEL");
  REQUIRE(parsed.has_value());
  CHECK(parsed->city == "Haifa");
  CHECK(parsed->country == "Israel");
  CHECK(parsed->latitude == 32.7940);
  CHECK(parsed->longitude == 34.9896);
}

TEST_CASE("location: the cache key ignores case and Unicode composition only", "[services][weather]") {
  const auto [first, second, equal] = GENERATE(table<std::string, std::string, bool>({
      {"Paris,France", "PARIS, france", true},
      {"Z\u00fcrich,CH", "Z\u00dcRICH,ch", true},
      {"Z\u00fcrich,CH", "Zu\u0308rich,CH", true},
      {"Stra\u00dfe,DE", "STRASSE,DE", true},
      {"Paris,France", "Paris,Texas", false},
      {"Paris,France", "Paris,FR", false},
      {"\u00c5re,SE", "Are,SE", false},
      {"a,b,c", "a,c", false},
  }));
  CAPTURE(first, second);
  CHECK((parse_location(first)->cache_key() == parse_location(second)->cache_key()) == equal);
}

TEST_CASE("location: commas and spaces of other scripts separate the names", "[services][weather][case-3.7]") {
  const auto* const text =
      GENERATE("東京，日本", "東京、日本", "\u3000東京\u3000,\u3000日本\u3000", "\u00A0東京\u00A0，日本", "東京،日本");
  CAPTURE(text);
  const auto parsed = weather::parse_location(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->city == "東京");
  CHECK(parsed->country == "日本");
  CHECK(parsed->region.empty());
  CHECK_FALSE(weather::parse_location("東京，").has_value());
  CHECK_FALSE(weather::parse_location("\u3000,日本").has_value());
}

}  // namespace
}  // namespace cohort

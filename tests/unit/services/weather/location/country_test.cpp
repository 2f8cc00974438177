// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/country.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>
#include <string>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country_names.hpp"

namespace cohort {
namespace {

using namespace cohort::weather;

TEST_CASE("country: codes, names and variants are mapped to the alpha-2 code", "[services][weather]") {
  const auto [name, code] = GENERATE(table<std::string, std::string>({
      {"US", "US"},
      {"usa", "US"},
      {"The United States of America", "US"},
      {"GBR", "GB"},
      {"U.K.", "GB"},
      {"Scotland", "GB"},
      {"Deutschland", "DE"},
      {"\u00d6sterreich", "AT"},
      {"C\u00f4te d'Ivoire", "CI"},
      {"Ivory Coast", "CI"},
      {"\u0420\u043e\u0441\u0441\u0438\u044f", "RU"},
      {"RU", "RU"},
      {"\u0395\u039b\u039b\u0391\u0394\u0391", "GR"},
      {"\u05d9\u05e9\u05e8\u05d0\u05dc", "IL"},
      {"Trinidad and Tobago", "TT"},
      {"Saint Lucia", "LC"},
      {"T\u00fcrkiye", "TR"},
      {"U. S. A.", "US"},
      {"EE.UU.", "US"},
      {"Hongkong", "HK"},
      {"Gro\u00dfbritannien", "GB"},
      {"Oesterreich", "AT"},
      {"Federal Republic of Germany", "DE"},
      {"N\u011bmecko", "DE"},
      {"Republic of Korea", "KR"},
      {"Korea, Republic of", "KR"},
      {"St. Kitts and Nevis", "KN"},
      {"Saint Vincent & the Grenadines", "VC"},
      {"O\u02bbzbekiston", "UZ"},
      {"O'zbekiston", "UZ"},
      {"O`zbekiston", "UZ"},
      {"Kosovo", "XK"},
      {"NGA", "NG"},
  }));
  CAPTURE(name);
  CHECK(country_code(name) == code);
}

TEST_CASE("country: an unknown name has no country code", "[services][weather]") {
  const auto* const name = GENERATE("", " ", "-", "Texas", "Atlantis", "XX", "USSR", "Germany!France");
  CAPTURE(name);
  CHECK_FALSE(country_code(name).has_value());
}

TEST_CASE("country: names of one country are equal; unknown names are equal only if they are identical",
          "[services][weather]") {
  CHECK(is_same_country("UK", "United Kingdom"));
  CHECK(is_same_country("atlantis", "Atlantis"));
  CHECK_FALSE(is_same_country("UK", "USA"));
  CHECK_FALSE(is_same_country("Texas", "USA"));
}

TEST_CASE("country: the table contains every country exactly once", "[services][weather]") {
  std::set<std::string_view> codes;
  for (const auto& country : all_country_names()) {
    CHECK(country.code.size() == 2);
    CHECK(country_code(country.code) == country.code);
    codes.insert(country.code);
  }
  CHECK(codes.size() == all_country_names().size());
  CHECK(codes.size() == 250);
}

TEST_CASE("folding: names are compared without case, diacritics and punctuation", "[services][weather]") {
  const auto [text, folded] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"The U.S.A.", "usa"},
      {"C\u00f4te  d\u2019Ivoire", "cote divoire"},
      {" Trinidad & Tobago ", "trinidad tobago"},
      {"Stra\u00dfe", "strasse"},
      {"Thessaloniki", "thessaloniki"},
      {"---", ""},
      {"\xff\xfe", ""},
  }));
  CHECK(fold_name(text) == folded);
}

}  // namespace
}  // namespace cohort

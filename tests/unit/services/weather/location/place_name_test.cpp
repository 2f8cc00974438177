// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/place_name.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>

namespace cohort {
namespace {

using namespace cohort::weather;

TEST_CASE("place name: an added general or more precise term does not change the city", "[services][weather]") {
  const auto [first, second, is_same] = GENERATE(table<std::string, std::string, bool>({
      {"London", "London", true},
      {"london", "City of London", true},
      {"Greater London", "London", true},
      {"Frankfurt", "Frankfurt (Oder)", true},
      {"St. Gallen", "Sankt Gallen", true},
      {"S\u00e3o Paulo", "Sao Paulo", true},
      {"\u6771\u4EAC", "\u6771\u4EAC\u90FD", true},
      {"York", "New York", false},
      {"Spring", "Springfield", false},
      {"\u041e\u043c\u0441\u043a", "\u0422\u043e\u043c\u0441\u043a", false},
      {"Rome", "Paris", false},
      {"---", "Paris", false},
  }));
  CAPTURE(first, second);
  CHECK(is_same_city(first, second) == is_same);
  CHECK(is_same_city(second, first) == is_same);
}

TEST_CASE("place name: abbreviations of regions are not compared", "[services][weather]") {
  CHECK(is_same_region("Oregon", "oregon"));
  CHECK(is_same_region("Oregon", "State of Oregon"));
  CHECK(is_same_region("Maine", "OR"));
  CHECK(is_same_region("NSW", "New South Wales"));
  CHECK_FALSE(is_same_region("Oregon", "Maine"));
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/place_name.hpp"

#include <array>
#include <string>

#include "services/weather/location/case_folding.hpp"

namespace cohort::weather {
namespace {

/// Case-folded terms before the name of a city that do not change its meaning.
constexpr std::array<std::string_view, 7> general_terms{"city of ", "town of ",  "municipality of ", "greater ",
                                                        "central ", "downtown ", "metropolitan "};
constexpr std::array<std::string_view, 2> saint_terms{"saint ", "sankt "};

std::string city_key(std::string_view name) {
  auto key = fold_name(name);
  for (const auto term : general_terms) {
    if (key.starts_with(term)) key.erase(0, term.size());
  }
  for (const auto term : saint_terms) {
    if (key.starts_with(term)) key.replace(0, term.size(), "st ");
  }
  return key;
}

/// Whether `text` is `name`, or `name` followed by further words. Scripts of East Asia do not separate words.
bool begins_with_name(std::string_view text, std::string_view name) noexcept {
  constexpr unsigned char min_lead_byte = 0xE0;  // of U+0800 and above
  if (!text.starts_with(name)) return false;
  const auto rest = text.substr(name.size());
  return rest.empty() || rest.front() == ' ' || static_cast<unsigned char>(rest.front()) >= min_lead_byte;
}

}  // namespace

bool is_same_city(std::string_view first, std::string_view second) {
  const auto first_key = city_key(first);
  const auto second_key = city_key(second);
  return begins_with_name(first_key, second_key) || begins_with_name(second_key, first_key);
}

bool is_same_region(std::string_view first, std::string_view second) {
  constexpr std::size_t max_abbreviation_length = 3;
  const auto first_name = fold_name(first);
  const auto second_name = fold_name(second);
  if (first_name.size() <= max_abbreviation_length || second_name.size() <= max_abbreviation_length) return true;
  return first_name.find(second_name) != std::string::npos || second_name.find(first_name) != std::string::npos;
}

}  // namespace cohort::weather

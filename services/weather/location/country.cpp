// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/country.hpp"

#include <string>
#include <unordered_map>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country_names.hpp"

namespace cohort::weather {
namespace {

using code_map = std::unordered_map<std::string, std::string_view>;

/// Returns the key without spaces, because names such as "Hong Kong" and "U. S. A." are also written without spaces.
std::string key_of(std::string_view name) {
  auto key = fold_name(name);
  std::erase(key, ' ');
  return key;
}

code_map make_code_map() {
  code_map codes;
  // A code takes precedence over a name in a foreign language with the same text.
  for (const auto& country : all_country_names()) {
    codes.emplace(key_of(country.code), country.code);
    codes.emplace(key_of(country.names.substr(0, country.names.find('|'))), country.code);
  }
  for (const auto& country : all_country_names()) {
    for (auto rest = country.names; !rest.empty();) {
      const auto end = rest.find('|');
      codes.emplace(key_of(rest.substr(0, end)), country.code);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  return codes;
}

}  // namespace

std::optional<std::string_view> country_code(std::string_view name) {
  static const auto codes = make_code_map();
  const auto found = codes.find(key_of(name));
  if (found == codes.end()) return std::nullopt;
  return found->second;
}

bool is_same_country(std::string_view first, std::string_view second) {
  const auto first_code = country_code(first);
  const auto second_code = country_code(second);
  return first_code && second_code ? *first_code == *second_code : fold_name(first) == fold_name(second);
}

}  // namespace cohort::weather

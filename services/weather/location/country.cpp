// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/country.hpp"

#include <string>
#include <unordered_map>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country_names.hpp"

namespace cohort::weather {
namespace {

using code_map = std::unordered_map<std::string, std::string_view>;

code_map make_code_map() {
  code_map codes;
  for (const auto& country : all_country_names()) codes.emplace(fold_name(country.code), country.code);
  for (const auto& country : all_country_names()) {
    for (auto rest = country.names; !rest.empty();) {
      const auto end = rest.find('|');
      // A code keeps its meaning where a name in another language is the same text.
      codes.emplace(fold_name(rest.substr(0, end)), country.code);
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }
  return codes;
}

}  // namespace

std::optional<std::string_view> country_code(std::string_view name) {
  static const auto codes = make_code_map();
  const auto found = codes.find(fold_name(name));
  if (found == codes.end()) return std::nullopt;
  return found->second;
}

bool is_same_country(std::string_view first, std::string_view second) {
  const auto first_code = country_code(first);
  const auto second_code = country_code(second);
  return first_code && second_code ? *first_code == *second_code : fold_name(first) == fold_name(second);
}

}  // namespace cohort::weather

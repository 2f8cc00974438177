// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

namespace cohort::weather {

/// The ISO 3166-1 alpha-2 code of a country, in upper case. `name` is that code, the alpha-3 code, a common variant
/// such as "UK", or the name in English, in another widely used language, or in a language of the country. Case,
/// diacritics, spaces and punctuation are ignored. Returns an empty result if the name is unknown.
std::optional<std::string_view> country_code(std::string_view name);

/// Whether both are names of the same country. Names unknown to `country_code` are compared as text.
bool is_same_country(std::string_view first, std::string_view second);

}  // namespace cohort::weather

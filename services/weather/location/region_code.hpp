// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::weather {

/// The name of a state, province or territory of the United States, Canada or Australia if `text` is its postal
/// abbreviation, such as "Texas" for "TX"; otherwise `text`. `country` is a name or code of the country. Case and
/// punctuation are ignored.
std::string_view expand_region_code(std::string_view text, std::string_view country);

}  // namespace cohort::weather

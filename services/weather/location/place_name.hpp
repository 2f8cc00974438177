// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::weather {

/// Whether both are names of the same city; one of them may contain a general or a more precise term: "London" and
/// "City of London", "Frankfurt" and "Frankfurt am Main", "St. Louis" and "Saint Louis"; but not "York" and "New York".
/// Case, diacritics and punctuation are ignored.
bool is_same_city(std::string_view first, std::string_view second);

/// Whether both can be names of the same region. An abbreviation of at most three letters can represent any name.
bool is_same_region(std::string_view first, std::string_view second);

}  // namespace cohort::weather

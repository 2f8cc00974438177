// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/region_code.hpp"

#include <algorithm>
#include <array>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"

namespace cohort::weather {
namespace {

struct region_code {
  std::string_view country;  // ISO 3166-1 alpha-2
  std::string_view code;     // folded
  std::string_view name;
};

constexpr std::array<region_code, 72> region_codes{{
    {"US", "al", "Alabama"},
    {"US", "ak", "Alaska"},
    {"US", "az", "Arizona"},
    {"US", "ar", "Arkansas"},
    {"US", "ca", "California"},
    {"US", "co", "Colorado"},
    {"US", "ct", "Connecticut"},
    {"US", "de", "Delaware"},
    {"US", "dc", "District of Columbia"},
    {"US", "fl", "Florida"},
    {"US", "ga", "Georgia"},
    {"US", "hi", "Hawaii"},
    {"US", "id", "Idaho"},
    {"US", "il", "Illinois"},
    {"US", "in", "Indiana"},
    {"US", "ia", "Iowa"},
    {"US", "ks", "Kansas"},
    {"US", "ky", "Kentucky"},
    {"US", "la", "Louisiana"},
    {"US", "me", "Maine"},
    {"US", "md", "Maryland"},
    {"US", "ma", "Massachusetts"},
    {"US", "mi", "Michigan"},
    {"US", "mn", "Minnesota"},
    {"US", "ms", "Mississippi"},
    {"US", "mo", "Missouri"},
    {"US", "mt", "Montana"},
    {"US", "ne", "Nebraska"},
    {"US", "nv", "Nevada"},
    {"US", "nh", "New Hampshire"},
    {"US", "nj", "New Jersey"},
    {"US", "nm", "New Mexico"},
    {"US", "ny", "New York"},
    {"US", "nc", "North Carolina"},
    {"US", "nd", "North Dakota"},
    {"US", "oh", "Ohio"},
    {"US", "ok", "Oklahoma"},
    {"US", "or", "Oregon"},
    {"US", "pa", "Pennsylvania"},
    {"US", "ri", "Rhode Island"},
    {"US", "sc", "South Carolina"},
    {"US", "sd", "South Dakota"},
    {"US", "tn", "Tennessee"},
    {"US", "tx", "Texas"},
    {"US", "ut", "Utah"},
    {"US", "vt", "Vermont"},
    {"US", "va", "Virginia"},
    {"US", "wa", "Washington"},
    {"US", "wv", "West Virginia"},
    {"US", "wi", "Wisconsin"},
    {"US", "wy", "Wyoming"},
    {"CA", "ab", "Alberta"},
    {"CA", "bc", "British Columbia"},
    {"CA", "mb", "Manitoba"},
    {"CA", "nb", "New Brunswick"},
    {"CA", "nl", "Newfoundland and Labrador"},
    {"CA", "ns", "Nova Scotia"},
    {"CA", "nt", "Northwest Territories"},
    {"CA", "nu", "Nunavut"},
    {"CA", "on", "Ontario"},
    {"CA", "pe", "Prince Edward Island"},
    {"CA", "qc", "Quebec"},
    {"CA", "sk", "Saskatchewan"},
    {"CA", "yt", "Yukon"},
    {"AU", "act", "Australian Capital Territory"},
    {"AU", "nsw", "New South Wales"},
    {"AU", "nt", "Northern Territory"},
    {"AU", "qld", "Queensland"},
    {"AU", "sa", "South Australia"},
    {"AU", "tas", "Tasmania"},
    {"AU", "vic", "Victoria"},
    {"AU", "wa", "Western Australia"},
}};

}  // namespace

std::string_view expand_region_code(std::string_view text, std::string_view country) {
  const auto code = fold_name(text);
  const auto alpha_2_code = country_code(country);
  const auto* const found = std::ranges::find_if(
      region_codes, [&](const region_code& region) { return region.code == code && region.country == alpha_2_code; });
  return found == region_codes.end() ? text : found->name;
}

}  // namespace cohort::weather

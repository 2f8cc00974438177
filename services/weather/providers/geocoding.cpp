// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/geocoding.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <cohort/json/parser.hpp>
#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"
#include "services/weather/location/place_name.hpp"
#include "services/weather/location/region_code.hpp"
#include "services/weather/providers/provider_url.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

struct match {
  report_area area;                  // the place with its coordinates; its region is the first administrative area
  std::vector<std::string> regions;  // unchanged names of the administrative areas
  bool is_in_country = false;
  /// Whether the name is longer and begins with the requested name: the API searches for prefixes.
  bool has_longer_name = false;

  bool is_in_region(std::string_view name) const {
    const auto folded = fold_name(name);
    return std::any_of(regions.begin(), regions.end(), [&](const auto& region) { return fold_name(region) == folded; });
  }
  /// Whether `text` is the name or the abbreviation of the region.
  bool is_in_region_or_code(std::string_view text) const {
    return is_in_region(expand_region_code(text, area.country));
  }
  /// Whether the requested region differs from all regions of the match.
  bool is_in_other_region(std::string_view requested) const {
    const auto name = expand_region_code(requested, area.country);
    return !regions.empty() && std::none_of(regions.begin(), regions.end(),
                                            [&](const auto& region) { return is_same_region(region, name); });
  }
};

std::string_view text_at(element object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

bool is_longer_name(std::string_view name, std::string_view requested) {
  const auto requested_name = fold_name(requested);
  return !requested_name.empty() && fold_name(name).starts_with(requested_name) && !is_same_city(name, requested);
}

std::optional<match> read_match(element candidate, const location& requested) {
  double latitude = 0;
  double longitude = 0;
  if (candidate["latitude"].get(latitude) != simdjson::SUCCESS) return std::nullopt;
  if (candidate["longitude"].get(longitude) != simdjson::SUCCESS) return std::nullopt;
  if (std::abs(latitude) > 90 || std::abs(longitude) > 180) return std::nullopt;
  const auto name = text_at(candidate, "name");
  const auto code = text_at(candidate, "country_code");
  const auto country = text_at(candidate, "country");
  match found;
  found.area = {std::string{name}, std::string{text_at(candidate, "admin1")},
                std::string{country.empty() ? code : country}, latitude, longitude};
  for (const auto* area : {"admin1", "admin2", "admin3", "admin4"}) {
    if (const auto text = text_at(candidate, area); !text.empty()) found.regions.emplace_back(text);
  }
  found.is_in_country =
      (!code.empty() && requested.is_in_country(code)) || (!country.empty() && requested.is_in_country(country));
  found.has_longer_name = is_longer_name(name, requested.city);
  return found;
}

const match* best_match(const std::vector<match>& matches, const location& location) {
  const auto first = [&](auto is_match) {
    const match* best = nullptr;
    for (const auto& candidate : matches) {
      if (!is_match(candidate)) continue;
      if (!candidate.has_longer_name) return &candidate;
      if (!best) best = &candidate;
    }
    return best;
  };
  const auto& region = location.region;
  const auto& country = location.country;
  const match* best = nullptr;
  if (!region.empty()) {
    best = first(
        [&](const match& candidate) { return candidate.is_in_country && candidate.is_in_region_or_code(region); });
  }
  if (!best) best = first([&](const match& candidate) { return candidate.is_in_region(country); });
  if (!best) best = first([](const match& candidate) { return candidate.is_in_country; });
  if (!best) best = first([&](const match& candidate) { return candidate.is_in_region_or_code(country); });
  return best;
}

bool is_different_place(const match& match, const location& requested) {
  if (match.has_longer_name) return true;
  return !requested.region.empty() && is_same_country(requested.country, match.area.country) &&
         match.is_in_other_region(requested.region);
}

}  // namespace

boost::urls::url geocoding_url(const boost::urls::url& base, const location& location) {
  auto url = append_path(base, {"v1", "search"});
  auto query = url.params();
  query.append({"name", location.city});
  query.append({"count", "100"});
  query.append({"language", "en"});
  query.append({"format", "json"});
  return url;
}

result<geocoded_place, provider_failure> parse_geocoding(std::string_view body, const location& location) {
  const auto matches = json::parse(body, [&](element root) -> result<std::vector<match>> {
    const error_code bad_message{boost::system::errc::bad_message, boost::system::generic_category()};
    if (!root.is_object()) return bad_message;
    std::vector<match> found;
    element results;
    // The API omits the field if there is no result.
    if (root["results"].get(results) != simdjson::SUCCESS || results.is_null()) return found;
    if (!results.is_array()) return bad_message;
    for (const element candidate : simdjson::dom::array{results}) {
      if (auto read = read_match(candidate, location)) found.push_back(std::move(*read));
    }
    return found;
  });
  if (!matches) return invalid_response();
  const auto* const best = best_match(*matches, location);
  if (!best) return unknown_location();
  geocoded_place place{location};
  place.found.latitude = best->area.latitude;
  place.found.longitude = best->area.longitude;
  if (is_different_place(*best, location)) place.different_place = best->area;
  return place;
}

}  // namespace cohort::weather

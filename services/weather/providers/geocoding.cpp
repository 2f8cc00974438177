// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/geocoding.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <cohort/json/parser.hpp>
#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"
#include "services/weather/providers/provider_url.hpp"

namespace cohort::weather {
namespace {

using simdjson::dom::element;

struct match {
  double latitude = 0;
  double longitude = 0;
  std::vector<std::string> regions;  // administrative areas, folded
  bool in_country = false;

  bool is_in_region(std::string_view folded) const {
    return std::find(regions.begin(), regions.end(), folded) != regions.end();
  }
};

std::string_view text_at(element object, const char* name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

bool is_in_country(element candidate, std::string_view country) {
  const auto code = text_at(candidate, "country_code");
  const auto name = text_at(candidate, "country");
  return (!code.empty() && is_same_country(code, country)) || (!name.empty() && is_same_country(name, country));
}

std::optional<match> read_match(element candidate, std::string_view country) {
  match found;
  if (candidate["latitude"].get(found.latitude) != simdjson::SUCCESS) return std::nullopt;
  if (candidate["longitude"].get(found.longitude) != simdjson::SUCCESS) return std::nullopt;
  if (std::abs(found.latitude) > 90 || std::abs(found.longitude) > 180) return std::nullopt;
  for (const auto* name : {"admin1", "admin2", "admin3", "admin4"}) {
    if (const auto text = text_at(candidate, name); !text.empty()) found.regions.push_back(fold_name(text));
  }
  found.in_country = is_in_country(candidate, country);
  return found;
}

const match* best_match(const std::vector<match>& matches, const location& location) {
  const auto first = [&](auto is_match) -> const match* {
    const auto found = std::find_if(matches.begin(), matches.end(), is_match);
    return found == matches.end() ? nullptr : &*found;
  };
  const auto region = fold_name(location.region);
  const auto country = fold_name(location.country);
  const match* best = nullptr;
  if (!region.empty())
    best = first([&](const match& candidate) { return candidate.in_country && candidate.is_in_region(region); });
  if (!best) best = first([&](const match& candidate) { return candidate.is_in_region(country); });
  if (!best) best = first([](const match& candidate) { return candidate.in_country; });
  return best;
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

result<location, provider_failure> parse_geocoding(std::string_view body, const location& location) {
  const auto matches = json::parse(body, [&](element root) -> result<std::vector<match>> {
    const error_code bad_message{boost::system::errc::bad_message, boost::system::generic_category()};
    if (!root.is_object()) return bad_message;
    std::vector<match> found;
    element results;
    // The API omits the field if there is no result.
    if (root["results"].get(results) != simdjson::SUCCESS) return found;
    if (!results.is_array()) return bad_message;
    for (const element candidate : simdjson::dom::array{results}) {
      if (auto read = read_match(candidate, location.country)) found.push_back(std::move(*read));
    }
    return found;
  });
  if (!matches) return invalid_response();
  const auto* const best = best_match(*matches, location);
  if (!best) return unknown_location();
  auto geocoding_result = location;
  geocoding_result.latitude = best->latitude;
  geocoding_result.longitude = best->longitude;
  return geocoding_result;
}

}  // namespace cohort::weather

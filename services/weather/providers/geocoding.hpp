// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string_view>

#include "services/weather/providers/provider_failure.hpp"

// Open-Meteo's geocoding API. Source: https://open-meteo.com/en/docs/geocoding-api
namespace cohort::weather {

/// `<base>/v1/search?name=City&count=100&language=en&format=json`.
boost::urls::url geocoding_url(const boost::urls::url& base, const location& location);

struct geocoded_place {
  /// The requested location, with the coordinates of the match.
  location found;
  /// The match, set if it is a different place: a place whose longer name begins with the requested name, or a place in
  /// a different region.
  std::optional<report_area> different_place{};
};

/// Returns the best match. The order of preference is: a place in the requested region; in the region that replaces the
/// country ("Austin,Texas"); in the country; in the region whose abbreviation replaces the country ("Austin,TX"). Of
/// several equal matches, returns the first; a longer name that begins with the requested name has the lowest priority
/// ("Springfield" for "Spring"). The error is `location_unknown` if no place matches.
result<geocoded_place, provider_failure> parse_geocoding(std::string_view body, const location& location);

}  // namespace cohort::weather

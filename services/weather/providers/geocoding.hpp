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
  /// Set if the match is another place: a place whose name merely begins with the requested name, or a place in another
  /// region.
  std::optional<report_area> other{};
};

/// Returns the best match, in this order: a place in the requested region; a place in the region that is given instead
/// of a country ("Austin,Texas"); a place in the country; a place in the region whose abbreviation is given instead of
/// a country ("Austin,TX"). Of several matches it is the first, unless its name merely begins with the requested name
/// ("Springfield" for "Spring"). `location_unknown` if no place matches.
result<geocoded_place, provider_failure> parse_geocoding(std::string_view body, const location& location);

}  // namespace cohort::weather

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
  /// Set if the match is another place: one whose name merely begins with the requested one, or in another region.
  std::optional<report_area> other{};
};

/// The best match, which is in this order: one in the requested region; one in the region that is given in place of a
/// country ("Austin,Texas"); one in the country; one in the region whose abbreviation is given in place of a country
/// ("Austin,TX"). Of these the first, unless its name merely begins with the requested one ("Springfield" for
/// "Spring"). `location_unknown` if none matches.
result<geocoded_place, provider_failure> parse_geocoding(std::string_view body, const location& location);

}  // namespace cohort::weather

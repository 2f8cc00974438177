// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string_view>

#include "services/weather/providers/provider_failure.hpp"

// Open-Meteo's geocoding API. Source: https://open-meteo.com/en/docs/geocoding-api
namespace cohort::weather {

/// `<base>/v1/search?name=City&count=100&language=en&format=json`.
boost::urls::url geocoding_url(const boost::urls::url& base, const location& location);

/// `location` with the coordinates of the best match, which is in this order: one in the requested region; one in the
/// region that is given in place of a country ("Austin,Texas"); the first in the country. `location_unknown` if none
/// matches.
result<location, provider_failure> parse_geocoding(std::string_view body, const location& location);

}  // namespace cohort::weather

// SPDX-License-Identifier: BSL-1.0
// Responses of Open-Meteo's geocoding API.
#include <cmath>

#include <boost/url/parse.hpp>

#include "services/weather/providers/geocoding.hpp"
#include "services/weather/providers/open_meteo.hpp"
#include "tests/fuzz/targets/services/weather_samples.hpp"

namespace cohort::fuzz {
namespace {

/// The coordinates as text; the error if there are none.
std::string locate(std::string_view body, const weather::location& location) {
  const auto geocoding_result = weather::parse_geocoding(body, location);
  if (!geocoding_result) {
    require(!geocoding_result.error().error.empty(), "an error has a text");
    return geocoding_result.error().error;
  }
  require(geocoding_result->text() == location.text(), "a location keeps its names");
  require(geocoding_result->latitude && std::abs(*geocoding_result->latitude) <= 90, "a latitude is in range");
  require(geocoding_result->longitude && std::abs(*geocoding_result->longitude) <= 180, "a longitude is in range");
  static const auto base = boost::urls::parse_uri("http://a").value();
  const auto url = weather::open_meteo_url(base, *geocoding_result);
  return std::string{url.buffer()};
}

void run(std::string_view input) {
  const auto minified = json::minify(input);
  for (const auto& requested : {austin, haifa}) {
    const auto result = locate(input, requested);
    if (!minified.empty()) require(locate(minified, requested) == result, "whitespace does not change the result");
  }
}

const registration fuzz_registration{{"geocoding", run}};

}  // namespace
}  // namespace cohort::fuzz

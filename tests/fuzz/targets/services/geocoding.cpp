// SPDX-License-Identifier: BSL-1.0
// Fuzzes responses of Open-Meteo's geocoding API.
#include <cmath>

#include <boost/url/parse.hpp>

#include "services/weather/providers/geocoding.hpp"
#include "services/weather/providers/open_meteo.hpp"
#include "tests/fuzz/targets/services/weather_samples.hpp"

namespace cohort::fuzz::geocoding_target {
namespace {

/// Returns the coordinates as text, or the error if there are none.
std::string locate(std::string_view body, const weather::location& location) {
  const auto result = weather::parse_geocoding(body, location);
  if (!result) {
    require(!result.error().error.empty(), "an error has a message");
    return result.error().error;
  }
  const auto& found = result->found;
  require(found.text() == location.text(), "a location keeps its names");
  require(found.latitude && std::abs(*found.latitude) <= 90, "a latitude is in range");
  require(found.longitude && std::abs(*found.longitude) <= 180, "a longitude is in range");
  static const auto base = boost::urls::parse_uri("http://a").value();
  const auto url = weather::open_meteo_url(base, found);
  return std::string{url.buffer()} + (result->different_place ? " " + result->different_place->city : "");
}

void run(std::string_view input) {
  const auto minified_text = json::minify(input);
  for (const auto& requested : {austin, haifa}) {
    const auto result = locate(input, requested);
    if (!minified_text.empty())
      require(locate(minified_text, requested) == result, "whitespace does not change the result");
  }
}

const registration fuzz_registration{{"geocoding", run}};

}  // namespace
}  // namespace cohort::fuzz::geocoding_target

#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string_view>

#include "services/weather/report.hpp"

// Open-Meteo's free API as https://open-meteo.com/en/docs and /en/docs/geocoding-api have it.
namespace cohort::weather {

inline constexpr std::string_view open_meteo_name = "open-meteo";

/// Where the weather at coordinates is told: `<base>/v1/forecast?latitude=…&longitude=…&current=…`, in its own units,
/// which are °C and km/h. `where` must have coordinates.
boost::urls::url open_meteo_url(const boost::urls::url& base, const place& where);

/// Reads its current conditions, as whole numbers. Nothing if it is not JSON, or has no `current`; single values may be
/// missing.
std::optional<report> parse_open_meteo(std::string_view body, const place& asked);

/// Where a city's coordinates are told: `<base>/v1/search?name=City&count=10&language=en&format=json`.
boost::urls::url geocoding_url(const boost::urls::url& base, const place& where);

/// `asked` with the coordinates of the first, so best, result in its country, which may stand there by its English name
/// or its ISO 3166-1 code, in any case; without any if there is none. Nothing if it is no such answer.
std::optional<place> parse_geocoding(std::string_view body, const place& asked);

/// In words, for the codes of WMO's table 4677 that Open-Meteo gives; nothing for any other.
std::optional<std::string_view> weather_condition(long code) noexcept;

}  // namespace cohort::weather

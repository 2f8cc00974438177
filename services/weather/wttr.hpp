#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "services/weather/place.hpp"

namespace cohort::weather {

/// The weather as it goes out: text as the provider sent it, "N/A" where it sent none.
struct report {
  place where;
  std::string temperature_c;
  std::string temperature_f;
  std::string condition;
  std::string humidity;
  std::string wind_speed_kmph;
  std::string feels_like_c;
};

/// wttr.in's address for a place: `<base>/City,Country?format=j1`.
boost::urls::url wttr_url(const boost::urls::url& base, const place& where);

/// Reads wttr.in's `format=j1`. Nothing if it is not JSON, or has no current condition; single values may be missing.
std::optional<report> parse_wttr(std::string_view body, const place& asked);

}  // namespace cohort::weather

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/weather/location/location.hpp"

namespace cohort::weather {

/// Replaces a value that the provider did not send.
inline constexpr std::string_view not_available = "N/A";

/// The place of a provider's report.
struct report_area {
  std::string city;
  std::string region;
  std::string country;
  std::optional<double> latitude;
  std::optional<double> longitude;
};

/// Current weather. Values are strings in the format of wttr.in: integer degrees, percent and km/h.
struct weather_report {
  std::string_view provider;          // the name of the provider, as in metrics
  location requested;                 // with coordinates if they are known
  std::optional<report_area> area{};  // set if the place of the report differs from the requested place
  bool sample = false;                // built in, not a measurement
  std::string temperature_c;
  std::string temperature_f;
  std::string condition;
  std::string humidity;
  std::string wind_speed_kmph;
  std::string feels_like_c;
};

}  // namespace cohort::weather

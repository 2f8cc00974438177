// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/weather/location/location.hpp"

namespace cohort::weather {

/// Replaces a value that the provider did not send.
inline constexpr std::string_view not_available = "N/A";

/// The place that a provider's report is for.
struct report_area {
  std::string city;
  std::string region;
  std::string country;
  std::optional<double> latitude;
  std::optional<double> longitude;
};

/// Current weather. Values are strings as wttr.in sends them: whole degrees, percent and km/h.
struct weather_report {
  std::string_view provider;          // the name of the provider, as in metrics
  location requested;                 // with coordinates if they are known
  std::optional<report_area> area{};  // set if the report is for a place other than the requested one
  bool sample = false;                // built in, not a measurement
  std::string temperature_c;
  std::string temperature_f;
  std::string condition;
  std::string humidity;
  std::string wind_speed_kmph;
  std::string feels_like_c;
};

}  // namespace cohort::weather

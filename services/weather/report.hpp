#pragma once

#include <string>
#include <string_view>

#include "services/weather/place.hpp"

namespace cohort::weather {

/// What stands for a value that the provider did not send.
inline constexpr std::string_view not_available = "N/A";

/// The weather as it goes out: text as wttr.in has it, so whole degrees, percent and km/h.
struct report {
  /// Who told it: one of the providers' names.
  std::string_view provider;
  place where;
  std::string temperature_c;
  std::string temperature_f;
  std::string condition;
  std::string humidity;
  std::string wind_speed_kmph;
  std::string feels_like_c;
};

}  // namespace cohort::weather

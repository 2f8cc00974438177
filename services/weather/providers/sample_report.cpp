// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/sample_report.hpp"

namespace cohort::weather {

weather_report sample_report(const location& location) {
  weather_report report;
  report.provider = sample_name;
  report.requested = location;
  report.sample = true;
  report.temperature_c = "21";
  report.temperature_f = "70";
  report.condition = "Partly cloudy";
  report.humidity = "64";
  report.wind_speed_kmph = "13";
  report.feels_like_c = "20";
  return report;
}

}  // namespace cohort::weather

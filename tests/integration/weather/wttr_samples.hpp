// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cohort::test {

/// Returns a response of wttr.in's `format=j1`, without its forecasts.
inline std::string wttr_response(const std::string& temperature_c = "21", const std::string& area_city = "Hefa",
                                 const std::string& area_country = "Israel") {
  return R"({"current_condition":[{"FeelsLikeC":"20","FeelsLikeF":"68","cloudcover":"25","humidity":"64","temp_C":")" +
         temperature_c +
         R"(","temp_F":"70","weatherCode":"116","weatherDesc":[{"value":"Partly cloudy"}],"windspeedKmph":"13"}],)"
         R"("nearest_area":[{"areaName":[{"value":")" +
         area_city + R"("}],"country":[{"value":")" + area_country +
         R"("}],"region":[{"value":""}],"latitude":"32.817","longitude":"34.989"}],"weather":[]})";
}

}  // namespace cohort::test

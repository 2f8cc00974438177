#pragma once

#include <string>

namespace cohort::test {

/// What wttr.in's `format=j1` looks like, cut down to what is read of it and a little more.
inline std::string wttr_answer(const std::string& temperature_c = "21") {
  return R"({"current_condition":[{"FeelsLikeC":"20","FeelsLikeF":"68","cloudcover":"25","humidity":"64","temp_C":")" +
         temperature_c +
         R"(","temp_F":"70","weatherCode":"116","weatherDesc":[{"value":"Partly cloudy"}],"windspeedKmph":"13"}],)"
         R"("nearest_area":[{"areaName":[{"value":"Hefa"}],"country":[{"value":"Israel"}],"latitude":"32.817",)"
         R"("longitude":"34.989"}],"weather":[]})";
}

}  // namespace cohort::test

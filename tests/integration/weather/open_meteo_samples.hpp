// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cohort::test {

/// Returns a response of Open-Meteo's forecast API to the weather service's request.
inline std::string open_meteo_response(const std::string& temperature_c = "18.6") {
  return R"({"latitude":32.8125,"longitude":35.0,"generationtime_ms":0.0456,"utc_offset_seconds":0,)"
         R"("timezone":"GMT","timezone_abbreviation":"GMT","elevation":24.0,)"
         R"("current_units":{"time":"iso8601","interval":"seconds","temperature_2m":"°C","relative_humidity_2m":"%",)"
         R"("apparent_temperature":"°C","weather_code":"wmo code","wind_speed_10m":"km/h"},)"
         R"("current":{"time":"2024-05-01T12:15","interval":900,"temperature_2m":)" +
         temperature_c +
         R"(,"relative_humidity_2m":57,"apparent_temperature":17.4,"weather_code":80,"wind_speed_10m":12.5}})";
}

/// Returns one result of Open-Meteo's geocoding API.
inline std::string geocoding_result(const std::string& name, const std::string& country_code,
                                    const std::string& country, const std::string& admin1, double latitude,
                                    double longitude) {
  return R"({"id":1,"name":")" + name + R"(","latitude":)" + std::to_string(latitude) + R"(,"longitude":)" +
         std::to_string(longitude) + R"(,"country_code":")" + country_code + R"(","country":")" + country +
         R"(","admin1":")" + admin1 + R"("})";
}

/// Returns a response of the geocoding API to "Paris", shortened. The result in France is the second result.
inline std::string geocoding_response() {
  return R"({"results":[{"id":4717560,"name":"Paris","latitude":33.66094,"longitude":-95.55551,"elevation":183.0,)"
         R"("feature_code":"PPLA2","country_code":"US","timezone":"America/Chicago","population":24782,)"
         R"("country_id":6252001,"country":"United States","admin1":"Texas"},)"
         R"({"id":2988507,"name":"Paris","latitude":48.85341,"longitude":2.3488,"elevation":42.0,)"
         R"("feature_code":"PPLC","country_code":"FR","timezone":"Europe/Paris","population":2138551,)"
         R"("country_id":3017382,"country":"France","admin1":"Île-de-France"},)"
         R"({"id":1,"name":"Paris-l'Autre","latitude":1.5,"longitude":1.5,"country_code":"FR","country":"France"}],)"
         R"("generationtime_ms":0.71})";
}

}  // namespace cohort::test

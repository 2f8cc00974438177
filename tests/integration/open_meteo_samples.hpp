#pragma once

#include <string>

namespace cohort::test {

/// What Open-Meteo's forecast API answers when it is asked for what we ask it for.
inline std::string open_meteo_answer(const std::string& temperature_c = "18.6") {
  return R"({"latitude":32.8125,"longitude":35.0,"generationtime_ms":0.0456,"utc_offset_seconds":0,)"
         R"("timezone":"GMT","timezone_abbreviation":"GMT","elevation":24.0,)"
         R"("current_units":{"time":"iso8601","interval":"seconds","temperature_2m":"°C","relative_humidity_2m":"%",)"
         R"("apparent_temperature":"°C","weather_code":"wmo code","wind_speed_10m":"km/h"},)"
         R"("current":{"time":"2024-05-01T12:15","interval":900,"temperature_2m":)" +
         temperature_c +
         R"(,"relative_humidity_2m":57,"apparent_temperature":17.4,"weather_code":80,"wind_speed_10m":12.5}})";
}

/// What its geocoding API answers to "Paris", cut down: the one in France is the second here.
inline std::string geocoding_answer() {
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

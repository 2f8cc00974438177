// SPDX-License-Identifier: BSL-1.0
// Fuzzes responses of Open-Meteo's forecast API.
#include "services/weather/providers/open_meteo.hpp"
#include "tests/fuzz/targets/services/weather_samples.hpp"

namespace cohort::fuzz::open_meteo_target {
namespace {

void run(std::string_view input) { check_provider(input, weather::parse_open_meteo); }

const registration fuzz_registration{{"open_meteo", run}};

}  // namespace
}  // namespace cohort::fuzz::open_meteo_target

// SPDX-License-Identifier: BSL-1.0
// Responses of wttr.in.
#include "services/weather/providers/wttr.hpp"
#include "tests/fuzz/targets/services/weather_samples.hpp"

namespace cohort::fuzz {
namespace {

void run(std::string_view input) { check_provider(input, weather::parse_wttr); }

const registration registered{{"wttr", run}};

}  // namespace
}  // namespace cohort::fuzz

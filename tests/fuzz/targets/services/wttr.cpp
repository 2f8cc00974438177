// SPDX-License-Identifier: BSL-1.0
// Fuzzes responses of wttr.in.
#include "services/weather/providers/wttr.hpp"
#include "tests/fuzz/targets/services/weather_samples.hpp"

namespace cohort::fuzz::wttr_target {
namespace {

void run(std::string_view input) {
  check_provider(input, weather::parse_wttr);
  const auto status = static_cast<http::status>(200 + hash(input) % 400);
  require(!weather::is_unknown_location_status(status) || status == http::status::no_content ||
              (static_cast<unsigned>(status) >= 400 && static_cast<unsigned>(status) < 500),
          "a server error is not reported as an unknown location");
}

const registration fuzz_registration{{"wttr", run}};

}  // namespace
}  // namespace cohort::fuzz::wttr_target

// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/sim/run.hpp"

TEST_CASE("shrunk: weather request without a provider request, seed 1", "[sim][regression]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 1
set lossless yes
node weather-service
1s request weather-service /api/weather
)");
  CHECK(cohort::test::failure_of(schedule) == "");
}

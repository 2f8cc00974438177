// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/sim/run.hpp"

TEST_CASE("shrunk: connection used while a response is pending, seed 152", "[sim][regression]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 152
set client-timeout 493ms
node meteo.test
node weather-service
290ms request dashboard-service /api/aggregate
786ms request dashboard-service /api/aggregate
1s stop weather-service lasts=2s
1279ms request dashboard-service /api/aggregate
)");
  CHECK(cohort::test::failure_of(schedule) == "");
}

// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/sim/run.hpp"

TEST_CASE("shrunk: connection closed without a response, seed 122", "[sim][regression]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 122
set lossless yes
node wttr.test
node weather-service
2s request dashboard-service /api/aggregate
2082ms stop weather-service lasts=1s
)");
  CHECK(cohort::test::failure_of(schedule) == "");
}

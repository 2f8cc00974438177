// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/sim/run.hpp"

TEST_CASE("shrunk: signal 6, seed 1", "[sim][regression]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 1
0s request dashboard-service /api/aggregate
0s request dashboard-service /api/time-proxy
)");
  CHECK(cohort::test::failure_of(schedule) == "");
}

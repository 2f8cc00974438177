// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/sim/run.hpp"

TEST_CASE("shrunk: deadline later than the caller's, seed 5", "[sim][regression]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 5
set deadline 308ms
node system-info-service
0s request dashboard-service /api/aggregate
)");
  CHECK(cohort::test::failure_of(schedule) == "");
}

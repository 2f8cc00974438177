// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/shrink/schedule.hpp>
#include "tests/unit/examples/shop/shop_fleet.hpp"

TEST_CASE("shrunk: unexpected response of /stock, seed 1", "[examples][sim][!shouldfail]") {
  const auto schedule = cohort::sim::parse_schedule(R"(
seed 1
1s partition stock shop lasts=1s
1s request shop /stock
)");
  CHECK(shop::run(schedule) == "");
}

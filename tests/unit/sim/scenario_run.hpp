// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <cohort/sim/plan/planned_fleet.hpp>

namespace cohort::test {

/// Runs one scenario of a plan, and checks that there are no leaks.
inline sim::plan_run run_scenario(const sim::plan& plan, std::size_t scenario, std::uint64_t seed = 1,
                                  const sim::setting_overrides& overrides = {}) {
  sim::planned_fleet fleet{plan, plan.scenarios.at(scenario), seed, {}, overrides};
  auto run = fleet.run();
  fleet.fleet().shutdown();
  CHECK(fleet.fleet().leaks() == sim::no_leaks);
  return run;
}

}  // namespace cohort::test

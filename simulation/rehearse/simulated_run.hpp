// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/planned_fleet.hpp>
#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// Simulates a scenario of a plan with a different load.
observed_run simulate(const sim::plan& plan, const sim::planned_scenario& scenario, double rate, duration length,
                      const sim::program_catalog& programs, std::uint64_t seed);

}  // namespace cohort::simulation::rehearsal

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/planned_fleet.hpp>
#include "simulation/programs/program_names.hpp"

namespace cohort::simulation {

/// Returns the services of Cohort's stack that a plan can simulate.
sim::program_catalog stack_programs();

}  // namespace cohort::simulation

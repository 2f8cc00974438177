// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/planned_fleet.hpp>
#include "simulation/programs/program_names.hpp"

namespace cohort::simulation {

/// The services of Cohort's stack, which a plan can name as programs.
sim::program_catalog stack_programs();

}  // namespace cohort::simulation

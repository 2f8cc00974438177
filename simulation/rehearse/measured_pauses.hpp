// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <cohort/sim/cpu/core_pauses.hpp>
#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// The pauses of a core that explain the dispatch lag of a load generator whose core is mostly idle. Calls start at
/// random times (Poisson arrivals), which sample the time average: the density of the lag at `x` is the rate of the
/// pauses that are longer than `x` (PASTA; Wolff 1982). A lag of up to 200 µs counts as a normal wake-up. If no lag is
/// longer, the result contains no pauses.
sim::core_pauses pauses_from_dispatch_lag(const std::vector<observed_lag>& lag);

}  // namespace cohort::simulation::rehearsal

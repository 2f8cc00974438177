// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/sim/simulated_stack.hpp"

namespace cohort::test {

/// Injects the scenario's number of random faults into the fleet, one after the other, and removes each again.
task<> inject_random_faults(simulated_stack& stack);

}  // namespace cohort::test

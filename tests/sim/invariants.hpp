// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "tests/sim/simulated_stack.hpp"

namespace cohort::test {

/// Shuts the fleet down and checks the invariants of every run (see README.md). Returns one message for each violation.
std::vector<std::string> check_invariants(simulated_stack& stack, const loadgen::run_report& report);

}  // namespace cohort::test

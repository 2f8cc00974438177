// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "tests/sim/simulated_stack.hpp"

namespace cohort::test {

struct violation {
  /// Identifies the violated invariant, without numbers and names.
  std::string kind;
  std::string message;
};

/// Shuts the fleet down and checks the invariants of every run (see README.md).
std::vector<violation> check_invariants(simulated_stack& stack, const load_reports& reports);

}  // namespace cohort::test

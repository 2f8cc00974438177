#pragma once

#include <string>
#include <vector>

#include "tests/sim/stack.hpp"

namespace cohort::test {

/// Ends the fleet, and says what of that which must hold for every run does not hold for this one; empty if all does:
/// each request became one thing for who sent it, and got one answer or a closed connection from who read it; the
/// aggregate came by its deadline; what upstreams were asked stayed within the budget and inherited the caller's
/// deadline; breakers and limiters kept their rules; what servers counted is what the network saw; a server that
/// drained lost nothing; nothing is left in the end.
std::vector<std::string> broken_invariants(stack& all, const loadgen::report& found);

}  // namespace cohort::test

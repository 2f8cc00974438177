#pragma once

#include "tests/sim/stack.hpp"

namespace cohort::test {

/// What befalls a fleet while it is under load, as its seed has it; in the end all is mended.
task<> befall(stack& all);

}  // namespace cohort::test

#pragma once

namespace cohort::loadgen {

/// The whole program; gives its exit status: 0, or 99 an objective failed, 104 bad arguments, 105 interrupted, 120
/// invalid, 121 a regression against the baseline, 122 a target did not pass the preflight.
int run_program(int argc, const char* const* argv);

}  // namespace cohort::loadgen

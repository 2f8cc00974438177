// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cohort::loadgen {

/// Runs the program. Returns its exit status: 0 passed, 1 a report could not be written, 99 an objective was missed,
/// 104 invalid arguments, 105 interrupted, 120 invalid, 121 regression, 122 preflight failed.
int run_program(int argc, const char* const* argv);

}  // namespace cohort::loadgen

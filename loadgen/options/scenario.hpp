// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/runtime/task.hpp>
#include "loadgen/options/run_options.hpp"

namespace cohort::loadgen {

/// Reads a scenario: a JSON object with the long names of flags as keys (`rate`, `duration`, `slo`, …), and with
/// `targets` and `stages` as arrays of objects; `loadgen/README.md` has an example. Unknown keys are errors.
/// Errors: one sentence that starts with the path.
result<run_options, std::string> read_scenario(const std::string& path);

}  // namespace cohort::loadgen

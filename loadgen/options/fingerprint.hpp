// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loadgen/options/run_configuration.hpp"

namespace cohort::loadgen {

/// The settings that affect the results of a run, as names and values. Header fields and bodies are hashed, so that
/// they are not disclosed. See `run_report::fingerprint`.
std::vector<std::pair<std::string, std::string>> make_fingerprint(const run_configuration& configuration,
                                                                  const std::vector<load_stage>& stages);

}  // namespace cohort::loadgen

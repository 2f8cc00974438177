// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace cohort::simulation {

/// The names of the programs in `stack_programs`.
inline std::vector<std::string> program_names() { return {"dashboard-service", "time-service", "weather-service"}; }

}  // namespace cohort::simulation

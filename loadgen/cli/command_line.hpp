// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/config/options.hpp>
#include "loadgen/options/run_configuration.hpp"

namespace cohort::loadgen {

/// Invalid arguments. k6 uses the same exit status.
inline constexpr int exit_invalid_arguments = 104;

/// Reads flags, scenario file and environment, in this order of precedence. Errors are one line with status 104; an
/// unknown mode or flag adds the usage text.
result<run_configuration, config::early_exit> parse_command_line(int argc, const char* const* argv,
                                                                 const config::environment& variables);

}  // namespace cohort::loadgen

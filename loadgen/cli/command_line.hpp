// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/config/options.hpp>
#include "loadgen/options/run_configuration.hpp"

namespace cohort::loadgen {

/// The exit status for invalid arguments, as in k6.
inline constexpr int exit_invalid_arguments = 104;

/// Reads flags, scenario file and environment, in this order of precedence. An error consists of one line and the exit
/// status 104. For an unknown mode or flag, the usage text follows the line.
result<run_configuration, config::early_exit> parse_command_line(int argc, const char* const* argv,
                                                                 const config::environment& variables);

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <cohort/config/options.hpp>

namespace cohort::simulation {

/// Parses the command line and calls `run` with the command, quoted for a shell. Returns the exit status: that of the
/// parser if it ends the program, 2 with a message on standard error if `run` throws, otherwise that of `run`.
int run_program(std::string_view name, config::options& options, int argc, const char* const* argv,
                const std::function<int(const std::string& command)>& run);

}  // namespace cohort::simulation

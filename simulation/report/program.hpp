// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <cohort/config/options.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::simulation {

/// Parses the command line and calls `run` with the command, quoted for a shell. Returns the exit status: the status of
/// the parser if it exits the program; 2, with a message on standard error, if `run` throws; otherwise the status of
/// `run`.
int run_program(std::string_view name, config::options& options, int argc, const char* const* argv,
                const std::function<int(const std::string& command)>& run);

/// Overload for a program whose options are the members of `Values`, which `Values::add_to` declares.
template <class Values>
int run_program(const char* name, const char* description, int argc, const char* const* argv,
                int (*run)(const Values& values, const std::string& command)) {
  Values values;
  config::options options{name, description, std::string{version()}};
  values.add_to(options);
  return run_program(name, options, argc, argv, [&](const std::string& command) { return run(values, command); });
}

}  // namespace cohort::simulation

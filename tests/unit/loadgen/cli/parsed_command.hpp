// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/cli/command_line.hpp"

namespace cohort::test {

using argument_list = std::vector<std::string>;

inline result<loadgen::run_configuration, config::early_exit> parse(const argument_list& arguments,
                                                                    const config::environment& variables = {}) {
  std::vector<const char*> argv{"loadgen"};
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  return loadgen::parse_command_line(static_cast<int>(argv.size()), argv.data(), variables);
}

/// Fails the test unless the command line is valid.
inline loadgen::run_configuration parse_valid(const argument_list& arguments,
                                              const config::environment& variables = {}) {
  auto parsed = parse(arguments, variables);
  if (!parsed.has_value()) FAIL(parsed.error().text);
  return std::move(*parsed);
}

/// Fails the test unless the program would exit.
inline config::early_exit parse_exit(const argument_list& arguments, const config::environment& variables = {}) {
  const auto parsed = parse(arguments, variables);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

}  // namespace cohort::test

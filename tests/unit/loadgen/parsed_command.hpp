#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/command_line.hpp"

// Command lines as the program takes them.
namespace cohort::test {

using arguments = std::vector<std::string>;

inline result<loadgen::command, config::early_exit> parse(const arguments& given,
                                                          const config::environment& variables = {}) {
  std::vector<const char*> all{"loadgen"};
  for (const auto& each : given) all.push_back(each.c_str());
  return loadgen::parse_command(static_cast<int>(all.size()), all.data(), variables);
}

inline loadgen::command accepted(const arguments& given, const config::environment& variables = {}) {
  auto parsed = parse(given, variables);
  if (!parsed.has_value()) FAIL(parsed.error().text);
  return std::move(*parsed);
}

inline config::early_exit refused(const arguments& given, const config::environment& variables = {}) {
  const auto parsed = parse(given, variables);
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error();
}

}  // namespace cohort::test

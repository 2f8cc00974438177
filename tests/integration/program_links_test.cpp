// SPDX-License-Identifier: BSL-1.0
// Tests that cohort-stack runs a service when it is started through a link with the name of the service, as in the
// image.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <string>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

std::string help_of(const std::filesystem::path& program) {
  child_process process{program, {"--help"}};
  CHECK(process.wait_for_exit() == 0);
  return process.output();
}

TEST_CASE("stack: a program that is started through a symbolic link runs the service with the name of the link",
          "[integration][threads]") {
  const std::string name = GENERATE("dashboard-service", "gateway-service", "system-info-service", "time-service",
                                    "weather-service", "another-name");
  CAPTURE(name);
  const temporary_directory directory;
  const auto link = directory.path() / name;
  std::filesystem::create_symlink(program_path("cohort-stack"), link);
  const auto help = help_of(link);
  CHECK_FALSE(help.empty());
  CHECK(help == help_of(program_path(name == "another-name" ? "cohort-stack" : name)));
}

}  // namespace
}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
// Tests the script of the example "load test in CI", and its exit statuses.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

struct check_result {
  int status;
  std::string output;
  std::string error_output;
};

class load_check_fixture {
 public:
  check_result run(const std::string& path, const std::string& program,
                   child_process::environment variables = {}) const {
    variables.insert({{"LOADGEN", program_path("loadgen")},
                      {"REPORT_DIR", file("reports")},
                      {"PORT", "0"},
                      {"RATE", "20"},
                      {"DURATION", "1s"}});
    child_process script{std::string{COHORT_SOURCE_DIR} + "/examples/load-in-ci/check", {path, program}, variables};
    const int status = script.wait_for_exit(std::chrono::seconds{30});
    return {status, script.output(), script.error_output()};
  }
  std::string file(const std::string& name) const { return (directory_.path() / name).string(); }

 private:
  temporary_directory directory_;
};

TEST_CASE("load in CI example: a run that meets its objectives passes and becomes the baseline",
          "[integration][threads][examples]") {
  const load_check_fixture check;
  const auto result = check.run("/api/books", program_path("book-service"),
                                {{"SLO", "p99<10s error_rate<0.1%"}, {"BASELINE", check.file("baseline.json")}});
  INFO(result.output << result.error_output);
  // Status 120: this machine is too busy for a valid run. The script exits with the status of loadgen.
  CHECK((result.status == 0 || result.status == 120));
  CHECK(std::filesystem::exists(check.file("baseline.json")) == (result.status == 0));
  CHECK(std::filesystem::exists(check.file("reports/load.html")));
}

TEST_CASE("load in CI example: a run that misses an objective fails and does not become the baseline",
          "[integration][threads][examples]") {
  const load_check_fixture check;
  const auto result = check.run("/api/books", program_path("book-service"),
                                {{"SLO", "p99<1us"}, {"BASELINE", check.file("baseline.json")}});
  INFO(result.output << result.error_output);
  CHECK((result.status == 99 || result.status == 120));
  CHECK_FALSE(std::filesystem::exists(check.file("baseline.json")));
}

TEST_CASE("load in CI example: invalid arguments end the script with one line and status 2",
          "[integration][threads][examples]") {
  const load_check_fixture check;
  const auto relative_path_result = check.run("api/books", program_path("book-service"));
  CHECK(relative_path_result.status == 2);
  CHECK(relative_path_result.error_output == "check: PATH is \"api/books\"; it must start with /\n");
  const auto missing = check.run("/", "/none");
  CHECK(missing.status == 2);
  CHECK(missing.error_output == "check: PROGRAM is \"/none\", which is not an executable program\n");
}

}  // namespace
}  // namespace cohort::test

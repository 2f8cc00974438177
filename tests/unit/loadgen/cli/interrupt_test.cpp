// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/json/parser.hpp>
#include "loadgen/cli/output_file.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/cli/session_fixture.hpp"

// Tests the outputs of interrupted sessions. tests/integration sends real signals.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;

/// Returns the names of the files in a directory.
std::vector<std::string> file_names(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{directory}) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// Sessions with three output files.
class interrupt_fixture : public session_fixture {
 public:
  int run_and_interrupt(std::vector<std::string> arguments, duration interrupt_after) {
    const auto path = [&](const char* name) { return (files.path() / name).string(); };
    arguments.insert(arguments.end(), {"--json", path("r.json"), "--csv", path("r.csv"), "--html", path("r.html")});
    return run_session(parse_valid(arguments), interrupt_after);
  }
  void check_reports() {
    CHECK(file_names(files.path()) == std::vector<std::string>{"r.csv", "r.html", "r.json"});
    CHECK_THAT(report_output, ContainsSubstring("INTERRUPTED"));
    CHECK_THAT(report_output, ContainsSubstring("Interrupted (SIGINT)."));
    CHECK(json::is_object(read_content(files.path() / "r.json")));
    CHECK_THAT(read_content(files.path() / "r.html"), ContainsSubstring("</html>"));
  }

  temporary_directory files;
};

task<http::response> respond_after_an_hour() {
  auto sleep_task = sleep_for(1h);
  co_await std::move(sleep_task);
  co_return http::response{};
}

TEST_CASE("loadgen: an interrupt in the preflight produces complete reports", "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  fixture.routes.get("/", [](http::request_context&) { return respond_after_an_hour(); });
  fixture.serve();
  const auto start = fixture.time.now();
  CHECK(fixture.run_and_interrupt({default_target}, 500ms) == 105);
  CHECK(fixture.time.now() - start < 2s);
  fixture.check_reports();
  CHECK_THAT(fixture.report_output, ContainsSubstring("Total Requests: 0"));
}

TEST_CASE("loadgen: an interrupt while a target does not accept connections produces complete reports",
          "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  fixture.network.add_black_hole(load_fixture::address());
  CHECK(fixture.run_and_interrupt({default_target}, 500ms) == 105);
  fixture.check_reports();
}

TEST_CASE("loadgen: an interrupt in the first scrape produces complete reports", "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  fixture.routes.get("/metrics", [](http::request_context&) { return respond_after_an_hour(); });
  fixture.serve_delayed([](duration) { return 1ms; });
  CHECK(fixture.run_and_interrupt({default_target, "--server-metrics", "http://192.0.2.80/metrics"}, 500ms) == 105);
  fixture.check_reports();
}

TEST_CASE("loadgen: an interrupt under load produces complete reports", "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  fixture.serve_delayed([](duration) { return 1ms; });
  const auto rate = GENERATE("10", "max");
  CHECK(fixture.run_and_interrupt({default_target, "-r", rate, "-d", "60"}, 2500ms) == 105);
  fixture.check_reports();
}

TEST_CASE("loadgen: an interrupt in a knee search produces complete reports", "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  fixture.serve_delayed([](duration) { return 1ms; });
  // The interrupt arrives in the preflight, in the first trial, or between two trials.
  const auto interrupt_after = GENERATE(duration{1us}, duration{500ms}, duration{2300ms});
  CHECK(fixture.run_and_interrupt({default_target, "-m", "knee", "-d", "12"}, interrupt_after) == 105);
  fixture.check_reports();
}

TEST_CASE("loadgen: a failed preflight leaves no temporary files", "[loadgen][cli][case-4.7]") {
  interrupt_fixture fixture;
  CHECK(fixture.run_and_interrupt({default_target}, 1h) == 122);
  CHECK(file_names(fixture.files.path()).empty());
}

TEST_CASE("loadgen: an immediate exit removes the temporary files of all open outputs", "[loadgen][cli][case-4.7]") {
  temporary_directory files;
  auto first = loadgen::output_file::open((files.path() / "a.json").string());
  auto second = loadgen::output_file::open((files.path() / "b.csv").string());
  auto device = loadgen::output_file::open("/dev/null");
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(device);
  (*first)->write("partial");
  CHECK(file_names(files.path()).size() == 2);
  loadgen::output_file::remove_temporary_files();
  CHECK(file_names(files.path()).empty());
}

}  // namespace
}  // namespace cohort

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "loadgen/outputs.hpp"
#include "tests/unit/loadgen/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

interval one_second(std::size_t targets) {
  interval made{.start = 1500ms, .length = 1s, .phase = 1, .in_flight = 3, .waiting = 2, .busiest_worker_cpu = 0.25};
  made.all = {.planned = 10,
              .sent = 9,
              .answered = 8,
              .failed = 1,
              .p50_us = 500,
              .p90_us = 900,
              .p99_us = 990,
              .max_us = 1000};
  for (std::size_t i = 0; i < targets; ++i) made.targets.push_back({.planned = i + 1});
  return made;
}

const std::vector<plan::phase> two_phases{{"calm", 0s, 1s}, {"spike", 1s, 1s}};

std::size_t columns_in(const std::string& line) {
  return 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
}

TEST_CASE("The CSV has a line for all, and one for each target without what is known of all only") {
  CHECK(csv_header() ==
        "start_s,length_s,phase,target,planned,sent,answered,failed,p50_us,p90_us,p99_us,max_us,"
        "in_flight,waiting,busiest_worker_cpu\n");
  CHECK(csv_lines(one_second(2), {{"time"}, {"weather"}}, two_phases) ==
        "1.500,1.000,spike,*,10,9,8,1,500,900,990,1000,3,2,0.250\n"
        "1.500,1.000,spike,time,1,0,0,0,0,0,0,0,,,\n"
        "1.500,1.000,spike,weather,2,0,0,0,0,0,0,0,,,\n");
}

TEST_CASE("Each line of the CSV has a value for each name in its header") {
  const auto sample = samples::spike();
  const auto text = csv_lines(sample.intervals[4], sample.targets, two_phases);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const auto end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    CHECK(columns_in(text.substr(at, end - at)) == columns_in(csv_header()));
    at = end + 1;
  }
  CHECK(lines == 5);
}

TEST_CASE("Names in the CSV are quoted where they would be read as something else") {
  struct row {
    std::string name;
    std::string quoted;
  };
  const auto [name, quoted] = GENERATE(values<row>({{"plain name", "plain name"},
                                                    {"a,b", "\"a,b\""},
                                                    {"the \"best\"", "\"the \"\"best\"\"\""},
                                                    {"two\nlines", "\"two\nlines\""},
                                                    {"carriage\rreturn", "\"carriage\rreturn\""}}));
  const auto text = csv_lines(one_second(1), {{name}}, {{"", 0s, 1s}, {name, 1s, 1s}});
  CHECK(text.starts_with("1.500,1.000," + quoted + ",*,10,"));
  CHECK(text.ends_with("\n1.500,1.000," + quoted + ',' + quoted + ",1,0,0,0,0,0,0,0,,,\n"));
}

TEST_CASE("An interval of a phase that nobody named has an empty one in the CSV") {
  CHECK(csv_lines(one_second(0), {{"time"}}, {}) == "1.500,1.000,,*,10,9,8,1,500,900,990,1000,3,2,0.250\n");
}

}  // namespace
}  // namespace cohort::loadgen

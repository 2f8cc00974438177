// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "loadgen/report/report_formats.hpp"
#include "tests/unit/loadgen/report/sample_report.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

interval_report make_interval(std::size_t targets) {
  interval_report interval{
      .start = 1500ms, .length = 1s, .phase = 1, .in_flight = 3, .waiting = 2, .busiest_worker_cpu = 0.25};
  interval.totals = {.planned = 10,
                     .sent = 9,
                     .answered = 8,
                     .failed = 1,
                     .p50_us = 500,
                     .p90_us = 900,
                     .p99_us = 990,
                     .max_us = 1000};
  for (std::size_t i = 0; i < targets; ++i) interval.target_stats.push_back({.planned = i + 1});
  return interval;
}

const std::vector<load_profile::phase> phases{{"calm", 0s, 1s}, {"spike", 1s, 1s}};

std::size_t field_count(const std::string& line) {
  return 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ','));
}

TEST_CASE("CSV report: an interval has a row for all targets, and a row for each target", "[loadgen][report]") {
  CHECK(csv_header() ==
        "start_s,length_s,phase,target,planned,sent,answered,failed,p50_us,p90_us,p99_us,max_us,"
        "in_flight,waiting,busiest_worker_cpu\n");
  CHECK(csv_rows(make_interval(2), {{"time"}, {"weather"}}, phases) ==
        "1.500,1.000,spike,*,10,9,8,1,500,900,990,1000,3,2,0.250\n"
        "1.500,1.000,spike,time,1,0,0,0,0,0,0,0,,,\n"
        "1.500,1.000,spike,weather,2,0,0,0,0,0,0,0,,,\n");
}

TEST_CASE("CSV report: each row has as many fields as the header", "[loadgen][report]") {
  const auto sample = samples::spike();
  const auto text = csv_rows(sample.intervals[4], sample.targets, phases);
  std::size_t row_count = 0;
  for (std::size_t position = 0; position < text.size(); ++row_count) {
    const auto end = text.find('\n', position);
    REQUIRE(end != std::string::npos);
    CHECK(field_count(text.substr(position, end - position)) == field_count(csv_header()));
    position = end + 1;
  }
  CHECK(row_count == 5);
}

TEST_CASE("CSV report: names with separators are quoted", "[loadgen][report]") {
  struct row {
    std::string name;
    std::string quoted;
  };
  const auto [name, quoted] = GENERATE(values<row>({{"plain name", "plain name"},
                                                    {"a,b", "\"a,b\""},
                                                    {"the \"best\"", "\"the \"\"best\"\"\""},
                                                    {"two\nlines", "\"two\nlines\""},
                                                    {"carriage\rreturn", "\"carriage\rreturn\""}}));
  const auto text = csv_rows(make_interval(1), {{name}}, {{"", 0s, 1s}, {name, 1s, 1s}});
  CHECK(text.starts_with("1.500,1.000," + quoted + ",*,10,"));
  CHECK(text.ends_with("\n1.500,1.000," + quoted + ',' + quoted + ",1,0,0,0,0,0,0,0,,,\n"));
}

TEST_CASE("CSV report: an unknown phase has an empty name", "[loadgen][report]") {
  CHECK(csv_rows(make_interval(0), {{"time"}}, {}) == "1.500,1.000,,*,10,9,8,1,500,900,990,1000,3,2,0.250\n");
}

}  // namespace
}  // namespace cohort::loadgen

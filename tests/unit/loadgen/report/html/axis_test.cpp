// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/axis.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::loadgen::html {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;
using label_list = std::vector<std::string>;

label_list labels_of(const axis& axis) {
  label_list labels;
  for (const auto& tick : axis.ticks) labels.push_back(tick.label);
  return labels;
}

TEST_CASE("axis: a linear scale maps values linearly and clamps at its ends", "[loadgen][report]") {
  const auto value_scale = scale::linear(10, 30);
  CHECK(value_scale.position(10) == 0);
  CHECK(value_scale.position(15) == Approx(0.25));
  CHECK(value_scale.position(30) == 1);
  CHECK(value_scale.position(9) == 0);
  CHECK(value_scale.position(31) == 1);
}

TEST_CASE("axis: a logarithmic scale maps equal ratios to equal distances", "[loadgen][report]") {
  const auto value_scale = scale::logarithmic(10, 100'000);
  CHECK(value_scale.position(10) == 0);
  CHECK(value_scale.position(100) == Approx(0.25));
  CHECK(value_scale.position(1000) == Approx(0.5));
  CHECK(value_scale.position(100'000) == 1);
  CHECK(value_scale.position(0) == 0);
  CHECK(value_scale.position(-1) == 0);
}

TEST_CASE("axis: an empty scale maps all values to its start", "[loadgen][report]") {
  CHECK(scale::linear(5, 5).position(5) == 0);
}

TEST_CASE("axis: steps are round, and at most as many as requested", "[loadgen][report]") {
  struct axis_case {
    double length;
    unsigned max_steps;
    double step;
  };
  const auto example = GENERATE(values<axis_case>({{10, 5, 2},
                                                   {10, 10, 1},
                                                   {11, 10, 2},
                                                   {1, 5, 0.2},
                                                   {0.3, 3, 0.1},
                                                   {7, 5, 2},
                                                   {99, 2, 50},
                                                   {101, 2, 100},
                                                   {4e6, 4, 1e6}}));
  CAPTURE(example.length, example.max_steps);
  CHECK(round_step(example.length, example.max_steps) == Approx(example.step));
}

TEST_CASE("axis: a linear axis starts at zero and ends at a round number above the maximum", "[loadgen][report]") {
  struct axis_case {
    double maximum;
    label_list labels;
  };
  const auto example = GENERATE(values<axis_case>({{1589, {"0", "500", "1,000", "1,500", "2,000"}},
                                                   {50, {"0", "10", "20", "30", "40", "50", "60"}},
                                                   {4.9, {"0", "1", "2", "3", "4", "5"}},
                                                   {1, {"0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"}},
                                                   {0, {"0", "0.2"}}}));
  CAPTURE(example.maximum);
  const auto result = linear_axis(example.maximum, "requests");
  CHECK(labels_of(result) == example.labels);
  CHECK(result.value_scale.position(result.ticks.back().value) == 1);
  CHECK(result.value_scale.position(example.maximum) < 1);
}

TEST_CASE("axis: a duration axis starts and ends at round numbers", "[loadgen][report]") {
  struct axis_case {
    double minimum_us;
    double maximum_us;
    label_list labels;
  };
  const auto example = GENERATE(values<axis_case>({
      {1200, 4800, {"1 ms", "2 ms", "5 ms"}},
      {900, 45'000, {"500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms"}},
      {900, 450'000, {"1 ms", "10 ms", "100 ms"}},
      {1, 3.6e9, {"1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"}},
      {1000, 1000, {"1 ms", "2 ms"}},
      {0, 0, {"1 µs", "2 µs"}},
  }));
  CAPTURE(example.minimum_us, example.maximum_us);
  const auto result = duration_axis(example.minimum_us, example.maximum_us, "latency");
  CHECK(labels_of(result) == example.labels);
  CHECK(result.value_scale.position(example.minimum_us) < 1);
  CHECK(result.value_scale.position(example.maximum_us * 0.99) < 1);
}

TEST_CASE("axis: a time axis has ticks at round numbers of a suitable unit", "[loadgen][report]") {
  struct axis_case {
    duration length;
    label_list labels;
  };
  const auto example = GENERATE(values<axis_case>({
      {60s, {"0", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"}},
      {61s, {"0", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"}},
      {70s, {"0", "20 s", "40 s", "60 s"}},
      {12s, {"0", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"}},
      {1s, {"0", "200 ms", "400 ms", "600 ms", "800 ms", "1,000 ms"}},
      {10min, {"0", "2 min", "4 min", "6 min", "8 min", "10 min"}},
      {3h, {"0", "30 min", "60 min", "90 min", "120 min", "150 min", "180 min"}},
      {24h, {"0", "6 h", "12 h", "18 h", "24 h"}},
      {24h * 30, {"0", "5 d", "10 d", "15 d", "20 d", "25 d", "30 d"}},
  }));
  CAPTURE(example.length.count());
  CHECK(labels_of(time_axis(example.length, "time")) == example.labels);
}

TEST_CASE("axis: a time axis ends at its length, not at a tick", "[loadgen][report]") {
  const auto result = time_axis(61s, "time");
  CHECK(result.value_scale.position(61) == 1);
  CHECK(result.value_scale.position(60) < 1);
}

TEST_CASE("axis: a time axis of length zero is valid", "[loadgen][report]") {
  CHECK(labels_of(time_axis(0s, "time")).front() == "0");
}

TEST_CASE("axis: a percentile axis has equal distances between powers of ten", "[loadgen][report]") {
  const auto result = percentile_axis(4.3, "percentile");
  CHECK(labels_of(result) == label_list{"0", "90", "99", "99.9", "99.99"});
  CHECK(percentile_position(0) == 0);
  CHECK(percentile_position(90) == Approx(1));
  CHECK(percentile_position(99.9) == Approx(3));
  CHECK(percentile_at(2) == Approx(99));
  CHECK(percentile_at(percentile_position(75)) == Approx(75));
  CHECK(result.value_scale.position(4.3) == 1);
}

}  // namespace
}  // namespace cohort::loadgen::html

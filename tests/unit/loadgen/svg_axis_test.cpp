#include "loadgen/svg_axis.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::loadgen::html {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;
using words = std::vector<std::string>;

words labels(const axis& of) {
  words all;
  for (const auto& each : of.ticks) all.push_back(each.label);
  return all;
}

TEST_CASE("A linear scale is even, and ends at its ends") {
  const auto of = scale::linear(10, 30);
  CHECK(of.position(10) == 0);
  CHECK(of.position(15) == Approx(0.25));
  CHECK(of.position(30) == 1);
  CHECK(of.position(9) == 0);
  CHECK(of.position(31) == 1);
}

TEST_CASE("A logarithmic scale has equal room for equal factors") {
  const auto of = scale::logarithmic(10, 100'000);
  CHECK(of.position(10) == 0);
  CHECK(of.position(100) == Approx(0.25));
  CHECK(of.position(1000) == Approx(0.5));
  CHECK(of.position(100'000) == 1);
  CHECK(of.position(0) == 0);
  CHECK(of.position(-1) == 0);
}

TEST_CASE("A scale without any width has all at its start") { CHECK(scale::linear(5, 5).position(5) == 0); }

TEST_CASE("Steps are round, and no more than are wanted") {
  struct example {
    double length;
    unsigned most;
    double step;
  };
  const auto each = GENERATE(values<example>({{10, 5, 2},
                                              {10, 10, 1},
                                              {11, 10, 2},
                                              {1, 5, 0.2},
                                              {0.3, 3, 0.1},
                                              {7, 5, 2},
                                              {99, 2, 50},
                                              {101, 2, 100},
                                              {4e6, 4, 1e6}}));
  CAPTURE(each.length, each.most);
  CHECK(round_step(each.length, each.most) == Approx(each.step));
}

TEST_CASE("An axis of amounts starts at zero and ends at a round number, with room above the greatest") {
  struct example {
    double greatest;
    words labels;
  };
  const auto each = GENERATE(values<example>({{1589, {"0", "500", "1,000", "1,500", "2,000"}},
                                              {50, {"0", "10", "20", "30", "40", "50", "60"}},
                                              {4.9, {"0", "1", "2", "3", "4", "5"}},
                                              {1, {"0", "0.2", "0.4", "0.6", "0.8", "1", "1.2"}},
                                              {0, {"0", "0.2"}}}));
  CAPTURE(each.greatest);
  const auto made = amount_axis(each.greatest, "requests");
  CHECK(labels(made) == each.labels);
  CHECK(made.along.position(made.ticks.back().value) == 1);
  CHECK(made.along.position(each.greatest) < 1);
}

TEST_CASE("An axis of durations goes from round number to round number") {
  struct example {
    double least_us;
    double greatest_us;
    words labels;
  };
  const auto each = GENERATE(values<example>({
      {1200, 4800, {"1 ms", "2 ms", "5 ms"}},
      {900, 45'000, {"500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms"}},
      {900, 450'000, {"1 ms", "10 ms", "100 ms"}},
      {1, 3.6e9, {"1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"}},
      {1000, 1000, {"1 ms", "2 ms"}},
      {0, 0, {"1 µs", "2 µs"}},
  }));
  CAPTURE(each.least_us, each.greatest_us);
  const auto made = duration_axis(each.least_us, each.greatest_us, "latency");
  CHECK(labels(made) == each.labels);
  CHECK(made.along.position(each.least_us) < 1);
  CHECK(made.along.position(each.greatest_us * 0.99) < 1);
}

TEST_CASE("An axis of time has ticks at round numbers of the unit that suits its length") {
  struct example {
    duration length;
    words labels;
  };
  const auto each = GENERATE(values<example>({
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
  CAPTURE(each.length.count());
  CHECK(labels(time_axis(each.length, "time")) == each.labels);
}

TEST_CASE("An axis of time ends with the run, not with a tick") {
  const auto made = time_axis(61s, "time");
  CHECK(made.along.position(61) == 1);
  CHECK(made.along.position(60) < 1);
}

TEST_CASE("A run of no length has an axis all the same") { CHECK(labels(time_axis(0s, "time")).front() == "0"); }

TEST_CASE("On an axis of percentiles each nine takes as much room") {
  const auto made = percentile_axis(4.3, "percentile");
  CHECK(labels(made) == words{"0", "90", "99", "99.9", "99.99"});
  CHECK(percentile_place(0) == 0);
  CHECK(percentile_place(90) == Approx(1));
  CHECK(percentile_place(99.9) == Approx(3));
  CHECK(percent_at(2) == Approx(99));
  CHECK(percent_at(percentile_place(75)) == Approx(75));
  CHECK(made.along.position(4.3) == 1);
}

}  // namespace
}  // namespace cohort::loadgen::html

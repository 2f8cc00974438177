// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/format.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr auto infinity = std::numeric_limits<double>::infinity();

TEST_CASE("format: a duration has three significant digits, and its unit changes after rounding",
          "[loadgen][results]") {
  struct example {
    std::uint64_t microseconds;
    std::string text;
  };
  const auto [microseconds, text] = GENERATE(values<example>({{0, "0 µs"},
                                                              {1, "1 µs"},
                                                              {999, "999 µs"},
                                                              {1'000, "1.00 ms"},
                                                              {1'004, "1.00 ms"},
                                                              {1'005, "1.01 ms"},
                                                              {9'994, "9.99 ms"},
                                                              {9'995, "10.0 ms"},
                                                              {12'345, "12.3 ms"},
                                                              {99'950, "100 ms"},
                                                              {187'400, "187 ms"},
                                                              {999'499, "999 ms"},
                                                              {999'500, "1.00 s"},
                                                              {1'204'000, "1.20 s"},
                                                              {59'960'000, "60.0 s"},
                                                              {120'400'000, "120 s"},
                                                              {3'600'000'000, "3,600 s"}}));
  CHECK(format_duration(microseconds) == text);
}

TEST_CASE("format: a lower bound is marked and rounded down", "[loadgen][results]") {
  struct example {
    percentile_value value;
    std::string text;
  };
  const auto [value, text] = GENERATE(values<example>({{{1'999, true}, "≥ 1.99 ms"},
                                                       {{1'999, false}, "2.00 ms"},
                                                       {{999'999, true}, "≥ 999 ms"},
                                                       {{1'000'000, true}, "≥ 1.00 s"},
                                                       {{0, true}, "≥ 0 µs"}}));
  CHECK(format_duration(value) == text);
}

TEST_CASE("format: percentiles of an empty histogram are a dash", "[loadgen][results]") {
  histogram observed;
  censored_histogram censored;
  CHECK(format_percentile(observed, 50) == "–");
  CHECK(format_percentile(censored, 50) == "–");
  observed.record(std::uint64_t{5});
  censored.record_censored(7us);
  CHECK(format_percentile(observed, 50) == "5 µs");
  CHECK(format_percentile(censored, 50) == "≥ 7 µs");
}

TEST_CASE("format: a count has thousands separators", "[loadgen][results]") {
  struct example {
    std::uint64_t count;
    std::string text;
  };
  const auto [count, text] = GENERATE(values<example>({{0, "0"},
                                                       {999, "999"},
                                                       {1'000, "1,000"},
                                                       {123'456, "123,456"},
                                                       {18'446'744'073'709'551'615u, "18,446,744,073,709,551,615"}}));
  CHECK(format_count(count) == text);
}

TEST_CASE("format: a rate of at least 100 is an integer, and a lower rate has no trailing zeros",
          "[loadgen][results]") {
  struct example {
    double per_second;
    std::string text;
  };
  const auto [rate, text] = GENERATE(values<example>({{0, "0"},
                                                      {0.05, "0.05"},
                                                      {5, "5"},
                                                      {9.994, "9.99"},
                                                      {9.996, "10"},
                                                      {83.33, "83.3"},
                                                      {99.94, "99.9"},
                                                      {99.96, "100"},
                                                      {1'599.6, "1,600"},
                                                      {infinity, "–"},
                                                      {-1, "–"}}));
  CHECK(format_number(rate) == text);
}

TEST_CASE("format: a percentage is never rounded to 0 % or 100 %", "[loadgen][results]") {
  struct example {
    double ratio;
    std::string text;
  };
  const auto [ratio, text] = GENERATE(values<example>({{0, "0.00 %"},
                                                       {0.000049, "< 0.01 %"},
                                                       {0.98039, "98.04 %"},
                                                       {0.99999, "> 99.99 %"},
                                                       {1, "100.00 %"},
                                                       {1.25, "125.00 %"}}));
  CHECK(format_percentage(ratio) == text);
  CHECK(format_percentage(3, 0) == "0.00 %");
  CHECK(format_percentage(1, 3) == "33.33 %");
}

TEST_CASE("format: a number of bytes has a binary unit and at most three digits", "[loadgen][results]") {
  struct example {
    double bytes;
    std::string text;
  };
  const auto [bytes, text] = GENERATE(values<example>({{0, "0 B"},
                                                       {999, "999 B"},
                                                       {1'000, "1.0 KiB"},
                                                       {210'000, "205 KiB"},
                                                       {25'690'112, "24.5 MiB"},
                                                       {3e9, "2.8 GiB"},
                                                       {5e15, "4547 TiB"}}));
  CHECK(format_bytes(bytes) == text);
}

TEST_CASE("format: periods are in seconds, or in hours, minutes and seconds", "[loadgen][results]") {
  CHECK(format_seconds(60s) == "60 s");
  CHECK(format_seconds(12'385ms) == "12.385 s");
  CHECK(format_seconds(500ms) == "0.5 s");
  CHECK(format_elapsed(-1s) == "0:00");
  CHECK(format_elapsed(59'999ms) == "0:59");
  CHECK(format_elapsed(24s) == "0:24");
  CHECK(format_elapsed(600s) == "10:00");
  CHECK(format_elapsed(3'723s) == "1:02:03");
}

TEST_CASE("format: a rate over an empty period is zero", "[loadgen][results]") {
  CHECK(per_second(30, 2s) == 15);
  CHECK(per_second(30, duration{}) == 0);
}

TEST_CASE("format: a sparkline has eight heights relative to the maximum", "[loadgen][results]") {
  CHECK(sparkline({1, 2, 3, 4, 5, 6, 7, 8}, 8) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline({0, 0.1, 8}, 8) == "▁▁█");
  CHECK(sparkline({0, 0}, 8) == "▁▁");
  CHECK(sparkline({5}, 8) == "█");
  CHECK(sparkline({}, 8).empty());
}

TEST_CASE("format: a sparkline shows the latest values if there are more values than columns", "[loadgen][results]") {
  CHECK(sparkline({800, 1, 2, 4}, 3) == "▂▄█");
  CHECK(sparkline({1, 2}, 0).empty());
}

}  // namespace
}  // namespace cohort::loadgen

#include "loadgen/figures.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

constexpr auto infinity = std::numeric_limits<double>::infinity();

TEST_CASE("A duration has three significant digits, and its unit changes only after rounding") {
  struct row {
    std::uint64_t microseconds;
    std::string text;
  };
  const auto [microseconds, text] = GENERATE(values<row>({{0, "0 µs"},
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
  CHECK(duration_text(microseconds) == text);
}

TEST_CASE("A lower bound is marked and rounded down, so that it stays one") {
  struct row {
    percentile_value value;
    std::string text;
  };
  const auto [value, text] = GENERATE(values<row>({{{1'999, true}, "≥ 1.99 ms"},
                                                   {{1'999, false}, "2.00 ms"},
                                                   {{999'999, true}, "≥ 999 ms"},
                                                   {{1'000'000, true}, "≥ 1.00 s"},
                                                   {{0, true}, "≥ 0 µs"}}));
  CHECK(duration_text(value) == text);
}

TEST_CASE("Percentiles of nothing have no figure") {
  histogram known;
  censored_histogram all;
  CHECK(percentile_text(known, 50) == "–");
  CHECK(percentile_text(all, 50) == "–");
  known.record(std::uint64_t{5});
  all.record_at_least(7us);
  CHECK(percentile_text(known, 50) == "5 µs");
  CHECK(percentile_text(all, 50) == "≥ 7 µs");
}

TEST_CASE("Thousands are set apart") {
  struct row {
    std::uint64_t count;
    std::string text;
  };
  const auto [count, text] = GENERATE(values<row>({{0, "0"},
                                                   {999, "999"},
                                                   {1'000, "1,000"},
                                                   {123'456, "123,456"},
                                                   {18'446'744'073'709'551'615u, "18,446,744,073,709,551,615"}}));
  CHECK(count_text(count) == text);
}

TEST_CASE("A rate is whole above a hundred, and else has no zeros at the end") {
  struct row {
    double per_second;
    std::string text;
  };
  const auto [rate, text] = GENERATE(values<row>({{0, "0"},
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
  CHECK(rate_text(rate) == text);
}

TEST_CASE("A share is never rounded to nothing or to all") {
  struct row {
    double share;
    std::string text;
  };
  const auto [share, text] = GENERATE(values<row>({{0, "0.00 %"},
                                                   {0.000049, "< 0.01 %"},
                                                   {0.98039, "98.04 %"},
                                                   {0.99999, "> 99.99 %"},
                                                   {1, "100.00 %"},
                                                   {1.25, "125.00 %"}}));
  CHECK(share_text(share) == text);
  CHECK(share_text(3, 0) == "0.00 %");
  CHECK(share_text(1, 3) == "33.33 %");
}

TEST_CASE("Bytes have a binary unit and at most three digits") {
  struct row {
    double bytes;
    std::string text;
  };
  const auto [bytes, text] = GENERATE(values<row>({{0, "0 B"},
                                                   {999, "999 B"},
                                                   {1'000, "1.0 KiB"},
                                                   {210'000, "205 KiB"},
                                                   {25'690'112, "24.5 MiB"},
                                                   {3e9, "2.8 GiB"},
                                                   {5e15, "4547 TiB"}}));
  CHECK(bytes_text(bytes) == text);
}

TEST_CASE("Times of a run are seconds, or a clock") {
  CHECK(seconds_text(60s) == "60 s");
  CHECK(seconds_text(12'385ms) == "12.385 s");
  CHECK(seconds_text(500ms) == "0.5 s");
  CHECK(clock_text(-1s) == "0:00");
  CHECK(clock_text(59'999ms) == "0:59");
  CHECK(clock_text(24s) == "0:24");
  CHECK(clock_text(600s) == "10:00");
  CHECK(clock_text(3'723s) == "1:02:03");
}

TEST_CASE("How much a second is nothing over no time") {
  CHECK(per_second(30, 2s) == 15);
  CHECK(per_second(30, duration{}) == 0);
}

TEST_CASE("A sparkline has a height for each eighth of the greatest value") {
  CHECK(sparkline({1, 2, 3, 4, 5, 6, 7, 8}, 8) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline({0, 0.1, 8}, 8) == "▁▁█");
  CHECK(sparkline({0, 0}, 8) == "▁▁");
  CHECK(sparkline({5}, 8) == "█");
  CHECK(sparkline({}, 8).empty());
}

TEST_CASE("A sparkline that is too long shows the newest values, scaled to those") {
  CHECK(sparkline({800, 1, 2, 4}, 3) == "▂▄█");
  CHECK(sparkline({1, 2}, 0).empty());
}

}  // namespace
}  // namespace cohort::loadgen

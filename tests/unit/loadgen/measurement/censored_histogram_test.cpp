// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/censored_histogram.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>

#include "tests/unit/loadgen/measurement/random_values.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

struct censored_sample {
  std::vector<std::uint64_t> observed;
  std::vector<std::uint64_t> censored;
};

censored_histogram make_censored_histogram(const censored_sample& sample) {
  censored_histogram histogram;
  for (const auto value : sample.observed) histogram.record(std::chrono::microseconds{value});
  for (const auto value : sample.censored) histogram.record_censored(std::chrono::microseconds{value});
  return histogram;
}

/// Possible final values of a sample, sorted.
std::vector<std::uint64_t> complete_sample(const censored_sample& sample, std::mt19937_64& random) {
  auto values = sample.observed;
  const bool is_mostly_unchanged = random() % 3 == 0;
  for (const auto value : sample.censored) {
    const auto increase = is_mostly_unchanged && random() % 10 > 0 ? 0 : random() >> (33 + random() % 31);
    values.push_back(std::min<std::uint64_t>(value + increase, histogram::highest_trackable_value));
  }
  std::sort(values.begin(), values.end());
  return values;
}

TEST_CASE(
    "censored histogram: a percentile is exact, or a correct lower bound, regardless of how the censored requests end",
    "[loadgen][measurement]") {
  std::mt19937_64 random{GENERATE(range(1u, 60u))};
  censored_sample sample{.observed = random_values(random, random() % 300),
                         .censored = random_values(random, random() % 30)};
  if (sample.observed.empty() && sample.censored.empty()) sample.censored.push_back(5);
  const auto recorded = make_censored_histogram(sample);
  for (int i = 0; i < 20; ++i) {
    const auto final_values = complete_sample(sample, random);
    const auto final_histogram = make_histogram(final_values);
    for (const double percent : tested_percentiles) {
      CAPTURE(percent, sample.observed.size(), sample.censored.size());
      const auto actual = recorded.percentile(percent);
      const auto exact = final_values[percentile_rank(percent, final_values.size()) - 1];
      if (actual.is_lower_bound) {
        CHECK(actual.microseconds <= final_histogram.percentile(percent));
      } else {
        CHECK(actual.microseconds >= exact);
        CHECK(static_cast<double>(actual.microseconds) <= static_cast<double>(exact) * 1.001);
      }
    }
  }
}

TEST_CASE("censored histogram: a percentile is a lower bound only where censored values can change it",
          "[loadgen][measurement]") {
  censored_histogram histogram;
  for (int i = 1; i <= 98; ++i) histogram.record(std::chrono::milliseconds{i});
  CHECK(histogram.percentile(100) == percentile_value{98'000, false});
  SECTION("a longer duration can change the percentile") {
    histogram.record_censored(10ms);
    histogram.record_censored(200ms);
    CHECK(histogram.count() == 100);
    CHECK(histogram.censored_count() == 2);
    // The lower bound of 10 ms does not affect the ninth value, 9 ms; the tenth is 10 ms or 11 ms.
    CHECK(histogram.percentile(9) == percentile_value{9'007, false});
    CHECK(histogram.percentile(50).is_lower_bound);
    CHECK(histogram.percentile(50).microseconds == 49'023);
    CHECK(histogram.percentile(98).is_lower_bound);
    CHECK(histogram.percentile(99) == percentile_value{98'047, true});
    CHECK(histogram.percentile(100) == percentile_value{200'000, true});
  }
  SECTION("a censored value beyond the rank does not change the percentile") {
    histogram.record_censored(1s);
    histogram.record_censored(2s);
    CHECK(histogram.percentile(50) == percentile_value{50'015, false});
    CHECK(histogram.percentile(98) == percentile_value{98'000, false});
    CHECK(histogram.percentile(99) == percentile_value{1'000'447, true});
    CHECK(histogram.percentile(100) == percentile_value{2'000'000, true});
  }
  SECTION("equal values do not change the percentile") {
    for (int i = 0; i < 10; ++i) histogram.record(98ms);
    histogram.record_censored(3ms);
    CHECK(histogram.percentile(99) == percentile_value{98'000, false});
  }
}

TEST_CASE("censored histogram: with only censored values, all percentiles are lower bounds", "[loadgen][measurement]") {
  censored_histogram histogram;
  CHECK(histogram.percentile(50) == percentile_value{0, false});
  histogram.record_censored(5s);
  CHECK(histogram.percentile(50) == percentile_value{5'000'000, true});
  CHECK(histogram.percentile(100) == percentile_value{5'000'000, true});
  histogram.record(1ms);
  histogram.record_censored(2h);
  CHECK(histogram.percentile(100) == percentile_value{histogram::highest_trackable_value, true});
}

TEST_CASE("censored histogram: a lower bound is rounded down, an observed value up", "[loadgen][measurement]") {
  censored_histogram histogram;
  histogram.record_censored(1999ns);
  histogram.record_censored(-1ns);
  histogram.record(1001ns);
  CHECK(histogram.censored().max() == 1);
  CHECK(histogram.censored().min() == 0);
  CHECK(histogram.observed().max() == 2);
}

TEST_CASE("censored histogram: adding a histogram adds observed and censored values", "[loadgen][measurement]") {
  censored_histogram sum;
  sum.record(1ms);
  sum.percentile(50);
  censored_histogram other;
  other.record(3ms);
  other.record_censored(9ms);
  sum.add(other);
  CHECK(sum.count() == 3);
  CHECK(sum.censored_count() == 1);
  CHECK(sum.observed().count() == 2);
  CHECK(sum.percentile(60).is_lower_bound == false);
  CHECK(sum.percentile(100) == percentile_value{9'000, true});
}

}  // namespace
}  // namespace cohort::loadgen

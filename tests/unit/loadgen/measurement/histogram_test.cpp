// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/histogram.hpp"

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

using bucket_list = std::vector<std::array<std::uint64_t, 3>>;

bucket_list buckets_of(const histogram& values) {
  bucket_list buckets;
  values.for_each_bucket([&](const histogram::bucket& bucket) {
    buckets.push_back({bucket.lowest_value, bucket.highest_value, bucket.count});
  });
  return buckets;
}

TEST_CASE("histogram: every percentile is at most 0.1 % above the exact percentile, and never below it",
          "[loadgen][measurement]") {
  std::mt19937_64 random{GENERATE(range(1u, 40u))};
  auto values = random_values(random, 1 + random() % 3000);
  const auto recorded = make_histogram(values);
  std::sort(values.begin(), values.end());
  for (const double percent : tested_percentiles) {
    CAPTURE(percent, values.size());
    const auto exact = values[static_cast<std::size_t>(
        std::max(std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-9), 1.0) - 1)];
    const auto actual = recorded.percentile(percent);
    CHECK(actual >= exact);
    CHECK(static_cast<double>(actual) <= static_cast<double>(exact) * 1.001);
  }
  CHECK(recorded.percentile(100) == values.back());
  CHECK(recorded.min() == values.front());
  CHECK(recorded.max() == values.back());
  double sum = 0;
  for (const auto value : values) sum += static_cast<double>(value);
  CHECK(recorded.mean() == Catch::Approx(sum / static_cast<double>(values.size())).epsilon(1e-14));
}

TEST_CASE("histogram: the rank of a percentile has no floating-point rounding error", "[loadgen][measurement]") {
  struct example {
    double percent;
    std::uint64_t count;
    std::uint64_t rank;
  };
  const auto [percent, count, rank] = GENERATE(values<example>({
      {0, 10, 1},
      {1e-9, 1'000'000, 1},
      {50, 1, 1},
      {50, 2, 1},
      {50, 3, 2},
      {55, 100, 55},  // 0.55 · 100 is 55.000000000000007
      {99.9, 1000, 999},
      {99.9, 1001, 1000},
      {99.99, 1'000'000'000'000, 999'900'000'000},
      {99.999999999, 100'000'000'000, 99'999'999'999},
      {100, 7, 7},
      {120, 7, 7},
      {-3, 7, 1},
  }));
  CAPTURE(percent, count);
  CHECK(percentile_rank(percent, count) == rank);
}

TEST_CASE("histogram: adding a histogram equals recording its values", "[loadgen][measurement]") {
  std::mt19937_64 random{GENERATE(range(100u, 110u))};
  auto values = random_values(random, random() % 500);
  const auto other_values = random_values(random, random() % 500);
  auto sum = make_histogram(values);
  sum.add(make_histogram(other_values));
  values.insert(values.end(), other_values.begin(), other_values.end());
  const auto expected = make_histogram(values);
  CHECK(buckets_of(sum) == buckets_of(expected));
  CHECK(sum.count() == expected.count());
  CHECK(sum.min() == expected.min());
  CHECK(sum.max() == expected.max());
  CHECK(sum.mean() == expected.mean());
  CHECK(sum.encode_v2() == expected.encode_v2());
}

TEST_CASE("histogram: all values of an empty histogram are zero", "[loadgen][measurement]") {
  histogram empty_histogram;
  empty_histogram.record(17, 0);
  empty_histogram.add(histogram{});
  CHECK(empty_histogram.count() == 0);
  CHECK(empty_histogram.min() == 0);
  CHECK(empty_histogram.max() == 0);
  CHECK(empty_histogram.mean() == 0);
  CHECK(empty_histogram.value_at_rank(1) == 0);
  CHECK(empty_histogram.percentile(99) == 0);
  CHECK(empty_histogram.count_at_or_below(1000) == 0);
  CHECK(buckets_of(empty_histogram).empty());
}

TEST_CASE("histogram: a duration is rounded up to a microsecond", "[loadgen][measurement]") {
  struct example {
    duration value;
    std::uint64_t microseconds;
  };
  const auto [value, microseconds] = GENERATE(values<example>({
      {-5ms, 0},
      {-1ns, 0},
      {0ns, 0},
      {1ns, 1},
      {999ns, 1},
      {1us, 1},
      {1001ns, 2},
      {2047us, 2047},
      {1h - 1ns, 3'600'000'000},
      {1h, 3'600'000'000},
      {1h + 1ns, 3'600'000'000},
      {duration::max(), 3'600'000'000},
  }));
  histogram recorded;
  recorded.record(value);
  CHECK(recorded.max() == microseconds);
  CHECK(recorded.min() == microseconds);
  CHECK(recorded.mean() == static_cast<double>(microseconds));
  CHECK(recorded.percentile(50) == microseconds);
}

TEST_CASE("histogram: a value can be recorded several times, and ranks are in ascending order",
          "[loadgen][measurement]") {
  histogram recorded;
  recorded.record(100'000, 3);
  recorded.record(7, 2);
  recorded.record(0);
  CHECK(recorded.count() == 6);
  CHECK(recorded.mean() == 50'002 + 1.0 / 3);
  std::vector<std::uint64_t> values_by_rank;
  for (std::uint64_t rank = 1; rank <= 6; ++rank) values_by_rank.push_back(recorded.value_at_rank(rank));
  CHECK(values_by_rank == std::vector<std::uint64_t>{0, 7, 7, 100'000, 100'000, 100'000});
}

TEST_CASE("histogram: buckets are ascending and adjacent, and contain the recorded values", "[loadgen][measurement]") {
  std::mt19937_64 random{GENERATE(range(200u, 205u))};
  const auto values = random_values(random, 5000);
  std::uint64_t next_value = 0;
  make_histogram(values).for_each_bucket([&](const histogram::bucket& bucket) {
    CHECK(bucket.lowest_value >= next_value);
    next_value = bucket.highest_value + 1;
    CHECK(std::bit_floor(bucket.highest_value - bucket.lowest_value + 1) ==
          bucket.highest_value - bucket.lowest_value + 1);
    CHECK(bucket.count == static_cast<std::uint64_t>(std::count_if(values.begin(), values.end(), [&](auto value) {
            return value >= bucket.lowest_value && value <= bucket.highest_value;
          })));
  });
  CHECK(next_value > 0);
}

TEST_CASE("histogram: count_at_or_below agrees with value_at_rank", "[loadgen][measurement]") {
  std::mt19937_64 random{GENERATE(range(300u, 308u))};
  const auto recorded = make_histogram(random_values(random, 150));
  std::vector<std::uint64_t> limits{0, 1, recorded.max() - std::min<std::uint64_t>(recorded.max(), 1), recorded.max(),
                                    recorded.max() + 1};
  for (int i = 0; i < 50; ++i) limits.push_back(random() % (recorded.max() + 2));
  recorded.for_each_bucket([&](const histogram::bucket& bucket) {
    limits.push_back(bucket.lowest_value);
    limits.push_back(bucket.highest_value);
  });
  std::vector<std::uint64_t> values_by_rank;
  for (std::uint64_t rank = 1; rank <= recorded.count(); ++rank) values_by_rank.push_back(recorded.value_at_rank(rank));
  for (const auto limit : limits) {
    const auto expected =
        std::upper_bound(values_by_rank.begin(), values_by_rank.end(), limit) - values_by_rank.begin();
    CHECK(recorded.count_at_or_below(limit) == static_cast<std::uint64_t>(expected));
  }
}

}  // namespace
}  // namespace cohort::loadgen

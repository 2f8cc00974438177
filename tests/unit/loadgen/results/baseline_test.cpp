// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/baseline.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "loadgen/results/rank_statistics.hpp"

namespace cohort::loadgen {
namespace {

using samples = std::vector<double>;

samples consecutive_values(double first, double last) {
  samples values;
  for (double value = first; value <= last; ++value) values.push_back(value);
  return values;
}

TEST_CASE("baseline: the p-values of the rank-sum test equal reference values", "[loadgen][results]") {
  struct example {
    samples a;
    samples b;
    double p_value;
  };
  samples failing(10, 0.0);
  failing.resize(20, 0.5);
  samples scattered_values;
  samples slower_values;
  for (int i = 0; i < 100; ++i) {
    scattered_values.push_back(i * 37 % 101);
    slower_values.push_back(i * 37 % 101 * 1.2);
  }
  // The expected p-values were computed by SciPy's mannwhitneyu(a, b, method='asymptotic', use_continuity=True).
  const std::vector<example> examples{
      {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, 0.012185780355344813},
      {{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, 1},
      {{1, 1, 2, 2, 3}, {2, 3, 3, 4, 4, 4}, 0.030423784148462706},
      {{5}, {7}, 1},
      {{3, 3, 3}, {3, 3, 3, 3}, 1},
      {{19, 22, 16, 29, 24}, {20, 11, 17, 12}, 0.11134688653314041},
      {consecutive_values(0, 19), consecutive_values(5.5, 34.5), 0.00011731315700524968},
      {samples(20, 0.0), failing, 0.00033383362894626184},
      {scattered_values, slower_values, 0.04537641526001472},
  };
  for (const auto& [a, b, p_value] : examples) {
    CHECK(rank_sum_p_value(a, b) == Catch::Approx(p_value).epsilon(1e-12));
    CHECK(rank_sum_p_value(b, a) == Catch::Approx(p_value).epsilon(1e-12));
  }
  CHECK(rank_sum_p_value({}, {1, 2}) == 1);
  CHECK(rank_sum_p_value({1, 2}, {}) == 1);
}

TEST_CASE("baseline: the Hodges-Lehmann shift is the median of all differences", "[loadgen][results]") {
  std::mt19937_64 random{GENERATE(range(1u, 100u))};
  const auto random_sample = [&] {
    samples values(1 + random() % 40);
    for (auto& value : values) value = static_cast<double>(static_cast<std::int64_t>(random() % 2001) - 1000) / 8;
    return values;
  };
  const auto before = random_sample();
  const auto now = random_sample();
  samples differences;
  for (const double old_value : before) {
    for (const double new_value : now) differences.push_back(new_value - old_value);
  }
  std::sort(differences.begin(), differences.end());
  const auto middle = differences.size() / 2;
  const auto expected =
      differences.size() % 2 == 1 ? differences[middle] : (differences[middle - 1] + differences[middle]) / 2;
  CHECK(hodges_lehmann_shift(before, now) == expected);
}

TEST_CASE("baseline: the Hodges-Lehmann shift of long samples is exact, and of equal or empty samples is 0",
          "[loadgen][results]") {
  CHECK(hodges_lehmann_shift(consecutive_values(1, 100'000), consecutive_values(8, 100'007)) == 7);
  CHECK(hodges_lehmann_shift(samples(50, 3.5), samples(60, 3.5)) == 0);
  CHECK(hodges_lehmann_shift({1, 2, 3}, {1, 2, 30'000}) == 0);
  CHECK(hodges_lehmann_shift({}, {1}) == 0);
  CHECK(hodges_lehmann_shift({1}, {}) == 0);
}

run_series make_series(std::size_t intervals, double p50 = 1'000, double p99 = 10'000, double failed = 0) {
  run_series series{.fingerprint = {{"mode", "balanced"}, {"rate", "5"}}};
  for (std::size_t i = 0; i < intervals; ++i) {
    const auto variation = static_cast<double>(i * 7 % 10);
    series.p50_us.push_back(p50 + variation);
    series.p99_us.push_back(p99 + variation);
    series.failure_ratio.push_back(failed);
  }
  return series;
}

baseline_comparison compare(const run_series& before, const run_series& now) {
  auto comparison = compare_runs(before, now, "before.json");
  REQUIRE(comparison.has_value());
  return *comparison;
}

TEST_CASE("baseline: runs with different settings are not compared, and the error names the differences",
          "[loadgen][results]") {
  using properties = std::vector<std::pair<std::string, std::string>>;
  struct example {
    properties before;
    properties now;
    std::string_view message;
  };
  const auto [before, now, message] = GENERATE(values<example>({
      {{{"mode", "balanced"}, {"rate", "5"}},
       {{"mode", "spike"}, {"rate", "50"}},
       R"(The settings of the runs differ: mode was "balanced", is "spike"; rate was 5, is 50.)"},
      {{{"rate", "5"}},
       {{"rate", "5"}, {"deadline", "1s"}},
       R"(The settings of the runs differ: deadline was not set, is "1s".)"},
      {{{"rate", "5"}, {"deadline", "1s"}},
       {{"rate", "5"}},
       R"(The settings of the runs differ: deadline was "1s", is not set.)"},
      {{{"target", "a"}, {"target", "b"}},
       {{"target", "a"}, {"target", "c"}},
       R"(The settings of the runs differ: target was "b", is "c".)"},
      {{{"rate", ""}}, {{"rate", "0.5"}}, R"(The settings of the runs differ: rate was "", is 0.5.)"},
      {{{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}},
       {{"a", "2"}, {"b", "2"}, {"c", "2"}, {"d", "2"}, {"e", "2"}},
       "The settings of the runs differ: a was 1, is 2; b was 1, is 2; c was 1, is 2; and 2 more."},
      {{{"a", "1"}, {"b", "2"}}, {{"b", "2"}, {"a", "1"}}, "The settings of the runs differ: their order differs."},
  }));
  auto first = make_series(20);
  auto second = make_series(20);
  first.fingerprint = before;
  second.fingerprint = now;
  const auto comparison = compare_runs(first, second, "x");
  REQUIRE(comparison.has_error());
  CHECK(comparison.error() == message);
}

TEST_CASE("baseline: fewer than eight intervals are an error", "[loadgen][results]") {
  CHECK(compare_runs(make_series(7), make_series(60), "x").error() ==
        "The baseline has 7 full intervals; a comparison needs at least 8 in both runs.");
  CHECK(compare_runs(make_series(60), make_series(1), "x").error() ==
        "This run has 1 full interval; a comparison needs at least 8 in both runs.");
  CHECK(compare_runs(make_series(8), make_series(8), "x").has_value());
}

TEST_CASE("baseline: a change counts only if it is significant and relevant", "[loadgen][results]") {
  struct example {
    std::string_view description;
    run_series before;
    run_series now;
    std::size_t measure;
    bool is_worse;
    bool is_better;
  };
  const auto [description, before, now, measure, is_worse, is_better] = GENERATE(values<example>({
      {"the same", make_series(60), make_series(60), 0, false, false},
      {"4 % slower", make_series(60, 10'000), make_series(60, 10'400), 0, false, false},
      {"6 % slower", make_series(60, 10'000), make_series(60, 10'600), 0, true, false},
      {"6 % faster", make_series(60, 10'600), make_series(60, 10'000), 0, false, true},
      {"49 µs of 100", make_series(60, 100), make_series(60, 149), 0, false, false},
      {"50 µs of 100", make_series(60, 100), make_series(60, 150), 0, true, false},
      {"p99 twice as long", make_series(60), make_series(60, 1'000, 20'000), 1, true, false},
      {"0.09 % more failures", make_series(60), make_series(60, 1'000, 10'000, 0.0009), 2, false, false},
      {"0.11 % more failures", make_series(60), make_series(60, 1'000, 10'000, 0.0011), 2, true, false},
      {"0.11 % fewer failures", make_series(60, 1'000, 10'000, 0.0011), make_series(60), 2, false, true},
  }));
  CAPTURE(description);
  const auto comparison = compare(before, now);
  REQUIRE(comparison.measures.size() == 3);
  CHECK(comparison.file == "before.json");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(comparison.measures[i].is_worse == (is_worse && i == measure));
    CHECK(comparison.measures[i].is_better == (is_better && i == measure));
  }
  CHECK(comparison.has_regression() == is_worse);
}

TEST_CASE("baseline: each measure has the values of both runs and their shift", "[loadgen][results]") {
  const auto comparison = compare(make_series(60), make_series(60, 1'500, 9'000, 0.25));
  CHECK(comparison.measures[0].name == "p50");
  CHECK(comparison.measures[0].before == 1'004.5);
  CHECK(comparison.measures[0].now == 1'504.5);
  CHECK(comparison.measures[0].shift == 500);
  CHECK(comparison.measures[0].p_value < 1e-6);
  CHECK(comparison.measures[1].name == "p99");
  CHECK(comparison.measures[1].shift == -1'000);
  CHECK(comparison.measures[2].name == "failed");
  CHECK(comparison.measures[2].now == 0.25);
  CHECK(comparison.measures[2].shift == 0.25);
}

TEST_CASE("baseline: bursts of failures are detected although most intervals have no failures", "[loadgen][results]") {
  auto now = make_series(60);
  for (std::size_t i = 0; i < 20; ++i) now.failure_ratio[3 * i] = 0.5;
  const auto comparison = compare(make_series(60), now);
  CHECK(comparison.measures[2].is_worse);
  CHECK(comparison.measures[2].shift == Catch::Approx(1.0 / 6));
}

TEST_CASE("baseline: a server without responses has a regression of the failure ratio", "[loadgen][results]") {
  auto now = make_series(60, 1'000, 10'000, 1);
  now.p50_us.clear();
  now.p99_us.clear();
  const auto comparison = compare(make_series(60), now);
  CHECK(comparison.has_regression());
  CHECK(comparison.measures[2].is_worse);
  CHECK_FALSE(comparison.measures[0].is_worse);
  CHECK(comparison.measures[0].p_value == 1);
}

TEST_CASE("baseline: a measure with fewer than eight values is neither better nor worse", "[loadgen][results]") {
  auto now = make_series(60, 5'000, 50'000, 1);
  now.p50_us.resize(7);
  now.failure_ratio.resize(7);
  const auto comparison = compare(make_series(60), now);
  CHECK_FALSE(comparison.measures[0].is_worse);
  CHECK(comparison.measures[0].p_value == 1);
  CHECK(comparison.measures[1].is_worse);
  CHECK_FALSE(comparison.measures[2].is_worse);
  CHECK(comparison.measures[2].p_value == 1);
}

/// A server whose response times are autocorrelated: a first-order autoregressive process. The normal random numbers
/// are computed by the Box-Muller transform, because `std::normal_distribution` differs between standard libraries.
class simulated_server {
 public:
  simulated_server(std::uint64_t seed, double autocorrelation) : random_{seed}, autocorrelation_{autocorrelation} {}

  run_series run(std::size_t intervals, double variation) {
    run_series series;
    double state = normal();
    for (std::size_t i = 0; i < intervals; ++i) {
      state = autocorrelation_ * state + std::sqrt(1 - autocorrelation_ * autocorrelation_) * normal();
      series.p50_us.push_back(2'000 * std::exp(variation / 2 * state));
      series.p99_us.push_back(20'000 * std::exp(variation * state));
      series.failure_ratio.push_back(uniform() < 0.1 ? 0.001 : 0);
    }
    return series;
  }

 private:
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

  std::mt19937_64 random_;
  double autocorrelation_;
};

/// Returns the percentage of pairs of runs that are a regression after `change(before, now)`.
template <class Change>
double regression_percentage(int pairs, std::size_t intervals, double variation, Change change) {
  int regression_count = 0;
  for (int seed = 1; seed <= pairs; ++seed) {
    simulated_server server{static_cast<std::uint64_t>(seed), 0.5};
    auto before = server.run(intervals, variation);
    auto now = server.run(intervals, variation);
    change(before, now);
    regression_count += compare(before, now).has_regression() ? 1 : 0;
  }
  return 100.0 * regression_count / pairs;
}

void multiply(samples& values, std::size_t first, std::size_t last, double factor) {
  for (auto i = first; i < last; ++i) values[i] *= factor;
}

void slow_down(run_series& series, double factor) {
  multiply(series.p50_us, 0, series.p50_us.size(), factor);
  multiply(series.p99_us, 0, series.p99_us.size(), factor);
}

/// Slows down the middle half, as `-m spike` does.
void add_spike(run_series& series, double factor) {
  const auto size = series.p50_us.size();
  multiply(series.p50_us, size / 4, size * 3 / 4, factor);
  multiply(series.p99_us, size / 4, size * 3 / 4, factor);
}

TEST_CASE("baseline: two runs of the same server are rarely reported as a regression, despite autocorrelation",
          "[loadgen][results]") {
  const auto intervals = GENERATE(std::size_t{8}, std::size_t{31}, std::size_t{60});
  const auto variation = GENERATE(0.2, 0.5);
  const auto spike_factor = GENERATE(1.0, 5.0);
  CAPTURE(intervals, variation, spike_factor);
  CHECK(regression_percentage(1000, intervals, variation, [&](run_series& before, run_series& now) {
          add_spike(before, spike_factor);
          add_spike(now, spike_factor);
        }) < 2);
}

TEST_CASE("baseline: a slowdown of 20 % is nearly always a regression, for any load profile", "[loadgen][results]") {
  const auto intervals = GENERATE(std::size_t{60}, std::size_t{160});
  const auto spike_factor = GENERATE(1.0, 5.0);
  CAPTURE(intervals, spike_factor);
  CHECK(regression_percentage(200, intervals, 0.1, [&](run_series& before, run_series& now) {
          add_spike(before, spike_factor);
          add_spike(now, spike_factor);
          slow_down(now, 1.2);
        }) > 95);
}

TEST_CASE("baseline: a slowdown during the spike only is a regression", "[loadgen][results]") {
  CHECK(regression_percentage(200, 160, 0.1, [](run_series& before, run_series& now) {
          add_spike(before, 5);
          add_spike(now, 5 * 1.5);
        }) > 95);
}

TEST_CASE("baseline: a growing queue is a regression, despite autocorrelation", "[loadgen][results]") {
  CHECK(regression_percentage(200, 60, 0.1, [](run_series&, run_series& now) {
          for (std::size_t i = 0; i < now.p99_us.size(); ++i) now.p99_us[i] += static_cast<double>(i) * 50'000;
        }) > 95);
}

TEST_CASE("baseline: a faster run is better, and not a regression", "[loadgen][results]") {
  CHECK(regression_percentage(200, 60, 0.1, [](run_series& before, run_series&) { slow_down(before, 1.2); }) == 0);
  CHECK(compare(make_series(60, 1'000), make_series(60, 500)).measures[0].is_better);
}

}  // namespace
}  // namespace cohort::loadgen

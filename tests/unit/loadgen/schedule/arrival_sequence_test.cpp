// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/arrival_sequence.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <random>

#include "tests/unit/loadgen/schedule/profiles.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

using arrival_tuple = std::tuple<std::uint64_t, duration, std::size_t>;

std::vector<arrival_tuple> to_tuples(const std::vector<arrival>& arrivals) {
  std::vector<arrival_tuple> tuples;
  for (const auto& arrival : arrivals) tuples.emplace_back(arrival.index, arrival.offset, arrival.phase);
  return tuples;
}

TEST_CASE("arrival sequence: constant arrivals have the start times of the profile, with index and phase",
          "[loadgen][schedule]") {
  std::mt19937_64 random{GENERATE(range(1u, 30u))};
  const auto profile = random_profile(random);
  const auto arrivals = collect({profile, arrival_process::constant, 7});
  CHECK(offsets_of(arrivals) == start_times(profile));
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    REQUIRE(arrivals[i].index == i);
    const auto& phase = profile.phases()[arrivals[i].phase];
    REQUIRE((arrivals[i].offset >= phase.start && arrivals[i].offset < phase.start + phase.length));
  }
}

TEST_CASE("arrival sequence: workers share the arrivals without loss, for both processes", "[loadgen][schedule]") {
  std::mt19937_64 random{GENERATE(range(1u, 20u))};
  const auto process = GENERATE(arrival_process::constant, arrival_process::poisson);
  const auto profile = random_profile(random);
  const auto seed = random();
  const auto arrivals = collect({profile, process, seed});
  for (const std::uint64_t stride : {2, 3, 7}) {
    std::vector<arrival> shared;
    for (std::uint64_t first = 0; first < stride; ++first) {
      for (const auto& arrival : collect({profile, process, seed, first, stride})) {
        shared.push_back(arrival);
        CHECK(arrival.index % stride == first);
      }
    }
    std::sort(shared.begin(), shared.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    CHECK(to_tuples(shared) == to_tuples(arrivals));
  }
}

TEST_CASE("arrival sequence: a seed produces the same arrivals on every machine, and different seeds produce others",
          "[loadgen][schedule]") {
  const auto profile = constant_profile(1s, requests_per_second(1000));
  const auto offsets = offsets_of(collect({profile, arrival_process::poisson, 1}));
  CHECK(offsets == offsets_of(collect({profile, arrival_process::poisson, 1})));
  CHECK(offsets != offsets_of(collect({profile, arrival_process::poisson, 2})));
  REQUIRE(offsets.size() > 5);
  CHECK(std::vector<duration>(offsets.begin(), offsets.begin() + 5) ==
        std::vector<duration>{133877ns, 2045235ns, 4295013ns, 5098249ns, 5847240ns});
}

TEST_CASE("arrival sequence: the number of Poisson arrivals has the expected mean and variance",
          "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("only")
      .add_constant(2s, requests_per_second(100))
      .add_constant(1s, requests_per_second(0))
      .add_ramp(4s, requests_per_second(0), requests_per_second(100));
  const double expected = 400;
  constexpr int runs = 400;
  double sum = 0;
  double sum_of_squares = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const auto count = static_cast<double>(collect({profile, arrival_process::poisson, seed}).size());
    sum += count;
    sum_of_squares += (count - expected) * (count - expected);
  }
  // Four standard errors: of the mean √(400 / 400) = 1, of the variance 400 · √(2 / 400) = 28.
  CHECK(std::abs(sum / runs - expected) < 4);
  CHECK(std::abs(sum_of_squares / runs - expected) < 114);
}

/// Returns the Kolmogorov-Smirnov distance between a sample and the exponential distribution with mean 1.
double distance_from_exponential(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const auto size = static_cast<double>(sample.size());
  double maximum = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double expected = 1 - std::exp(-sample[i]);
    const auto rank = static_cast<double>(i);
    maximum = std::max({maximum, expected - rank / size, (rank + 1) / size - expected});
  }
  return maximum;
}

TEST_CASE("arrival sequence: the area between two Poisson arrivals is exponentially distributed",
          "[loadgen][schedule]") {
  load_profile profile;
  double (*area)(double seconds) = nullptr;
  SECTION("at a constant rate") {
    profile.begin_phase("only").add_constant(20s, requests_per_second(1000));
    area = [](double seconds) { return 1000 * seconds; };
  }
  SECTION("during a ramp") {
    profile.begin_phase("only").add_ramp(20s, requests_per_second(0), requests_per_second(2000));
    area = [](double seconds) { return 50 * seconds * seconds; };
  }
  SECTION("across bursts") {
    profile.begin_phase("only");
    for (int i = 0; i < 2000; ++i) profile.add_constant(10ms, requests_per_second(1000)).add_burst(1, 0s);
    area = [](double seconds) { return 1000 * seconds; };
  }
  std::vector<double> gaps;
  double previous_area = 0;
  for (const auto& arrival : collect({profile, arrival_process::poisson, 42})) {
    if (arrival.offset.count() > 0 && arrival.offset % 10ms == 0s) continue;  // a request of a burst
    const auto current_area = area(to_seconds(arrival.offset));
    gaps.push_back(current_area - previous_area);
    previous_area = current_area;
  }
  REQUIRE(gaps.size() > 19'000);
  // A sample of the exponential distribution exceeds this distance with a probability of 0.1 %.
  CHECK(distance_from_exponential(gaps) < 1.95 / std::sqrt(static_cast<double>(gaps.size())));
  // Consecutive gaps are uncorrelated.
  double covariance = 0;
  for (std::size_t i = 1; i < gaps.size(); ++i) covariance += (gaps[i] - 1) * (gaps[i - 1] - 1);
  CHECK(std::abs(covariance / static_cast<double>(gaps.size())) < 4 / std::sqrt(static_cast<double>(gaps.size())));
}

TEST_CASE("arrival sequence: bursts are the same for both processes", "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("bursts").add_burst(3, 10s).add_burst(2, 0s).add_burst(4, 10s).add_burst(0, 1s).add_burst(4, 1s);
  const std::vector<duration> expected{0s, 0s, 0s, 10s, 10s, 10s, 10s, 10s, 10s, 21s, 21s, 21s, 21s};
  CHECK(offsets_of(collect({profile, arrival_process::constant, 1})) == expected);
  CHECK(offsets_of(collect({profile, arrival_process::poisson, 1})) == expected);
}

TEST_CASE("arrival sequence: the requests of a burst start together among Poisson arrivals", "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("before").add_constant(1s, requests_per_second(50));
  profile.begin_phase("burst").add_burst(200, 1s).add_constant(1s, requests_per_second(50));
  const auto arrivals = collect({profile, arrival_process::poisson, 3});
  std::uint64_t burst_size = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    CHECK(arrivals[i].index == i);
    CHECK((i == 0 || arrivals[i].offset >= arrivals[i - 1].offset));
    CHECK((arrivals[i].offset <= 1s || arrivals[i].offset >= 2s));
    CHECK(arrivals[i].phase == (arrivals[i].offset < 1s ? 0 : 1));
    burst_size += arrivals[i].offset == 1s ? 1 : 0;
  }
  CHECK(burst_size == 200);
  CHECK(arrivals.size() > 260);
  CHECK(arrivals.size() < 340);
}

}  // namespace
}  // namespace cohort::loadgen

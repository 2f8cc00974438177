// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/random.hpp>

#include <algorithm>
#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;

TEST_CASE("random_generator: generates the reference sequence of SplitMix64", "[runtime][random]") {
  // The expected values are the first numbers for seed 1234567. Source: Rosetta Code, "Pseudo-random
  // numbers/Splitmix64".
  random_generator random{1234567};
  for (const std::uint64_t expected : {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                       4593380528125082431U, 16408922859458223821U}) {
    CHECK(random.next() == expected);
  }
}

TEST_CASE("random_generator: the same seed produces the same sequence, and different seeds produce different sequences",
          "[runtime][random]") {
  random_generator first{7};
  random_generator same_seed{7};
  random_generator other_seed{8};
  bool has_difference = false;
  for (int i = 0; i < 100; ++i) {
    const auto number = first.next();
    CHECK(same_seed.next() == number);
    has_difference = has_difference || other_seed.next() != number;
  }
  CHECK(has_difference);
}

TEST_CASE("random_generator: exponential() has the mean 1 and is memoryless", "[runtime][random]") {
  random_generator random{3};
  constexpr int count = 100'000;
  double sum = 0;
  int above_one_count = 0;
  int above_two_count = 0;
  bool is_negative = false;
  for (int i = 0; i < count; ++i) {
    const auto number = random.exponential();
    is_negative = is_negative || number < 0;
    sum += number;
    above_one_count += number > 1;
    above_two_count += number > 2;
  }
  CHECK_FALSE(is_negative);
  CHECK(sum / count == Approx(1).margin(0.01));
  CHECK(static_cast<double>(above_one_count) / count == Approx(std::exp(-1)).margin(0.005));
  CHECK(static_cast<double>(above_two_count) / above_one_count == Approx(std::exp(-1)).margin(0.01));
}

TEST_CASE("random_generator: uniform() is evenly distributed in [0, 1)", "[runtime][random]") {
  random_generator random{1};
  std::array<int, 10> decile_counts{};
  for (int i = 0; i < 100'000; ++i) {
    const auto value = random.uniform();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    ++decile_counts[static_cast<std::size_t>(value * 10)];
  }
  for (const int count : decile_counts) CHECK(count == Approx(10'000).epsilon(0.05));
}

TEST_CASE("random_generator: uniform_below is evenly distributed", "[runtime][random]") {
  random_generator random{1};
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.uniform_below(7));
  for (const int count : counts) CHECK(count == Approx(10'000).epsilon(0.05));
  CHECK(random.uniform_below(1) == 0);
}

TEST_CASE("random_generator: bernoulli is true with the given probability", "[runtime][random]") {
  random_generator random{1};
  int successes = 0;
  for (int i = 0; i < 100'000; ++i) {
    successes += random.bernoulli(0.3) ? 1 : 0;
    REQUIRE_FALSE(random.bernoulli(0));
    REQUIRE(random.bernoulli(1));
  }
  CHECK(successes == Approx(30'000).epsilon(0.05));
}

TEST_CASE("random_generator: uniform_between is evenly distributed and includes both bounds", "[runtime][random]") {
  random_generator random{1};
  std::array<int, 5> counts{};
  for (int i = 0; i < 50'000; ++i)
    ++counts.at(static_cast<std::size_t>((random.uniform_between(10ns, 14ns) - 10ns).count()));
  for (const int count : counts) CHECK(count == Approx(10'000).epsilon(0.05));
  CHECK(random.uniform_between(3s, 3s) == 3s);
  duration min = 1h;
  duration max{};
  for (int i = 0; i < 10'000; ++i) {
    const auto span = random.uniform_between(1s, 2s);
    min = std::min(min, span);
    max = std::max(max, span);
  }
  CHECK(min >= 1s);
  CHECK(min < 1001ms);
  CHECK(max <= 2s);
  CHECK(max > 1999ms);
}

TEST_CASE("system_seed: returns a different seed each time", "[runtime][random]") {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 100; ++i) seeds.insert(system_seed());
  CHECK(seeds.size() == 100);
  // Neither 32-bit half is always zero.
  CHECK(std::ranges::any_of(seeds, [](std::uint64_t seed) { return seed >> 32U != 0; }));
  CHECK(std::ranges::any_of(seeds, [](std::uint64_t seed) { return (seed & 0xFFFFFFFFU) != 0; }));
}

}  // namespace
}  // namespace cohort

#include "core/runtime/random.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <set>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;

TEST_CASE("The numbers are splitmix64's") {
  // The first of seed 1234567, as in the generator's reference code and in Rosetta Code's table.
  random_source random{1234567};
  for (const std::uint64_t expected : {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                       4593380528125082431U, 16408922859458223821U}) {
    CHECK(random.next() == expected);
  }
}

TEST_CASE("The same seed gives the same run, another one another") {
  random_source one{7};
  random_source same{7};
  random_source other{8};
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto number = one.next();
    CHECK(same.next() == number);
    differs = differs || other.next() != number;
  }
  CHECK(differs);
}

TEST_CASE("A unit is at least zero and less than one, spread evenly") {
  random_source random{1};
  std::array<int, 10> tenths{};
  for (int i = 0; i < 100'000; ++i) {
    const auto unit = random.unit();
    REQUIRE(unit >= 0);
    REQUIRE(unit < 1);
    ++tenths[static_cast<std::size_t>(unit * 10)];
  }
  for (const int count : tenths) CHECK(count == Approx(10'000).epsilon(0.05));
}

TEST_CASE("Numbers below a bound are each as likely") {
  random_source random{1};
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) CHECK(count == Approx(10'000).epsilon(0.05));
  CHECK(random.below(1) == 0);
}

TEST_CASE("A chance comes true as often as it says") {
  random_source random{1};
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) {
    hits += random.chance(0.3) ? 1 : 0;
    REQUIRE_FALSE(random.chance(0));
    REQUIRE(random.chance(1));
  }
  CHECK(hits == Approx(30'000).epsilon(0.05));
}

TEST_CASE("Durations between two are even, both ends included") {
  random_source random{1};
  std::array<int, 5> counts{};
  for (int i = 0; i < 50'000; ++i) ++counts.at(static_cast<std::size_t>((random.between(10ns, 14ns) - 10ns).count()));
  for (const int count : counts) CHECK(count == Approx(10'000).epsilon(0.05));
  CHECK(random.between(3s, 3s) == 3s);
  duration least = 1h;
  duration most{};
  for (int i = 0; i < 10'000; ++i) {
    const auto took = random.between(1s, 2s);
    least = std::min(least, took);
    most = std::max(most, took);
  }
  CHECK(least >= 1s);
  CHECK(least < 1001ms);
  CHECK(most <= 2s);
  CHECK(most > 1999ms);
}

TEST_CASE("The system gives a different seed each time") {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 100; ++i) seeds.insert(system_seed());
  CHECK(seeds.size() == 100);
  // Both of the halves that the system gives.
  CHECK(std::ranges::any_of(seeds, [](std::uint64_t seed) { return seed >> 32U != 0; }));
  CHECK(std::ranges::any_of(seeds, [](std::uint64_t seed) { return (seed & 0xFFFFFFFFU) != 0; }));
}

}  // namespace
}  // namespace cohort

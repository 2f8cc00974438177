#include "core/policy/latency_window.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include <vector>

#include "core/runtime/random.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::latency_window;

constexpr time_point start{1h};

TEST_CASE("A quantile is never below the truth, and at most 19 % above") {
  random_source random{GENERATE(range(std::uint64_t{0}, std::uint64_t{20}))};
  latency_window window;
  std::vector<duration> exact;
  const auto count = 1 + random.below(3000);
  for (std::uint64_t i = 0; i < count; ++i) {
    // Evenly over the powers of ten from 1 µs to 4 minutes.
    const duration took{static_cast<duration::rep>(1000 * std::pow(240e6, random.unit()))};
    exact.push_back(took);
    window.record(took, start);
  }
  std::ranges::sort(exact);
  for (const auto fraction : {0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    CAPTURE(count, fraction);
    const auto rank = std::max(std::ceil(fraction * static_cast<double>(count) - 1e-9), 1.0);
    const auto truth = exact[static_cast<std::size_t>(rank) - 1];
    const auto told = window.quantile(fraction, 1, start);
    REQUIRE(told.has_value());
    CHECK(*told >= truth);
    CHECK(*told <= truth * 119 / 100);
  }
}

TEST_CASE("Every duration from 1 µs to 4 minutes is told to within 19 %") {
  for (duration took = 1us; took <= 4min; took += std::max<duration>(took / 50, 1ns)) {
    CAPTURE(took.count());
    latency_window window;
    window.record(took, start);
    const auto told = window.quantile(0.5, 1, start);
    REQUIRE(told >= took);
    REQUIRE(told <= took * 119 / 100);
  }
}

TEST_CASE("What is too short or too long for the buckets counts in the first or the last") {
  const auto [took, told] = GENERATE(table<duration, duration>({
      {-1s, 1us},
      {0ns, 1us},
      {1ns, 1us},
      {1us, 1us},
      {268'435'456us, 268'435'456us},
      {1h, 268'435'456us},
      {duration::max(), 268'435'456us},
  }));
  latency_window window;
  window.record(took, start);
  CHECK(window.quantile(0.5, 1, start) == told);
}

TEST_CASE("The median of equally many is the lower of the two in the middle") {
  latency_window window;
  for (int i = 0; i < 10; ++i) window.record(1us, start);
  for (int i = 0; i < 10; ++i) window.record(1s, start);
  CHECK(window.quantile(0.5, 1, start) == 1us);
  CHECK(window.quantile(0.51, 1, start) >= 1s);
  window.record(1s, start);
  CHECK(window.quantile(0.5, 1, start) >= 1s);
}

TEST_CASE("A rank that doubles cannot hold is not rounded up") {
  latency_window window;
  for (int i = 0; i < 7; ++i) window.record(1us, start);
  for (int i = 0; i < 18; ++i) window.record(1s, start);
  CHECK(window.quantile(0.28, 1, start) == 1us);
}

TEST_CASE("The quantiles of nothing are zero") { CHECK(policy::latency_counts{}.quantile(0.5) == 0s); }

TEST_CASE("Of too few nothing is said") {
  latency_window window;
  CHECK_FALSE(window.quantile(0.5, 0, start).has_value());
  for (int i = 0; i < 19; ++i) window.record(1ms, start);
  CHECK_FALSE(window.quantile(0.5, 20, start).has_value());
  window.record(1ms, start);
  CHECK(window.quantile(0.5, 20, start).has_value());
}

TEST_CASE("What is older than the window is forgotten, in halves") {
  latency_window window{10s};  // its halves begin at multiples of 5 s
  window.record(1ms, start);
  window.record(1ms, start + 4s);
  CHECK(window.count(start + 4s) == 2);
  window.record(1s, start + 5s);
  CHECK(window.count(start + 9s) == 3);
  CHECK(window.quantile(0.5, 1, start + 9s) < 2ms);
  CHECK(window.count(start + 10s) == 1);
  CHECK(window.quantile(0.5, 1, start + 10s) >= 1s);
  CHECK(window.count(start + 14s) == 1);
  CHECK(window.count(start + 15s) == 0);
  CHECK_FALSE(window.quantile(0.5, 1, start + 15s).has_value());
}

TEST_CASE("After a long silence nothing is left") {
  const auto silence = GENERATE(duration{10s}, duration{15s}, duration{1h});
  latency_window window{10s};
  window.record(1ms, start);
  CHECK(window.count(start + silence) == 0);
  window.record(1s, start + silence);
  CHECK(window.count(start + silence) == 1);
  CHECK(window.count(start + silence + 5s) == 1);
}

TEST_CASE("Time that goes backwards forgets nothing") {
  latency_window window;
  window.record(1ms, start);
  window.record(1ms, start - 1h);
  CHECK(window.count(start) == 2);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/latency_window.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include <vector>

#include <cohort/runtime/random.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::latency_window;

using test::start;

TEST_CASE("latency window: a quantile is never below the exact value and at most 19 % above",
          "[policy][latency_window]") {
  random_generator random{GENERATE(range(std::uint64_t{0}, std::uint64_t{20}))};
  latency_window window;
  std::vector<duration> exact;
  const auto count = 1 + random.uniform_below(3000);
  for (std::uint64_t i = 0; i < count; ++i) {
    // The latencies have a log-uniform distribution from 1 µs to 4 minutes.
    const duration latency{static_cast<duration::rep>(1000 * std::pow(240e6, random.uniform()))};
    exact.push_back(latency);
    window.record(latency, start);
  }
  std::ranges::sort(exact);
  for (const auto fraction : {0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    CAPTURE(count, fraction);
    const auto rank = std::max(std::ceil(fraction * static_cast<double>(count) - 1e-9), 1.0);
    const auto exact_quantile = exact[static_cast<std::size_t>(rank) - 1];
    const auto estimate = window.quantile(fraction, 1, start);
    REQUIRE(estimate.has_value());
    CHECK(*estimate >= exact_quantile);
    CHECK(*estimate <= exact_quantile * 119 / 100);
  }
}

TEST_CASE("latency window: every latency from 1 µs to 4 minutes is accurate to within 19 %",
          "[policy][latency_window]") {
  for (duration latency = 1us; latency <= 4min; latency += std::max<duration>(latency / 50, 1ns)) {
    CAPTURE(latency.count());
    latency_window window;
    window.record(latency, start);
    const auto estimate = window.quantile(0.5, 1, start);
    REQUIRE(estimate >= latency);
    REQUIRE(estimate <= latency * 119 / 100);
  }
}

TEST_CASE("latency window: latencies out of range count in the first or last bucket", "[policy][latency_window]") {
  const auto [latency, estimate] = GENERATE(table<duration, duration>({
      {-1s, 1us},
      {0ns, 1us},
      {1ns, 1us},
      {1us, 1us},
      {268'435'456us, 268'435'456us},
      {1h, 268'435'456us},
      {duration::max(), 268'435'456us},
  }));
  latency_window window;
  window.record(latency, start);
  CHECK(window.quantile(0.5, 1, start) == estimate);
}

TEST_CASE("latency window: the median of an even number of samples is the lower of the two middle samples",
          "[policy][latency_window]") {
  latency_window window;
  for (int i = 0; i < 10; ++i) window.record(1us, start);
  for (int i = 0; i < 10; ++i) window.record(1s, start);
  CHECK(window.quantile(0.5, 1, start) == 1us);
  CHECK(window.quantile(0.51, 1, start) >= 1s);
  window.record(1s, start);
  CHECK(window.quantile(0.5, 1, start) >= 1s);
}

TEST_CASE("latency window: a rank that is inexact as a double is not rounded up", "[policy][latency_window]") {
  latency_window window;
  for (int i = 0; i < 7; ++i) window.record(1us, start);
  for (int i = 0; i < 18; ++i) window.record(1s, start);
  CHECK(window.quantile(0.28, 1, start) == 1us);
}

TEST_CASE("latency histogram: quantiles without samples are zero", "[policy][latency_window]") {
  CHECK(policy::latency_histogram{}.quantile(0.5) == 0s);
}

TEST_CASE("latency window: there is no quantile with fewer than min_samples", "[policy][latency_window]") {
  latency_window window;
  CHECK_FALSE(window.quantile(0.5, 0, start).has_value());
  for (int i = 0; i < 19; ++i) window.record(1ms, start);
  CHECK_FALSE(window.quantile(0.5, 20, start).has_value());
  window.record(1ms, start);
  CHECK(window.quantile(0.5, 20, start).has_value());
}

TEST_CASE("latency window: old latencies are discarded half a window at a time", "[policy][latency_window]") {
  latency_window window{10s};  // its halves start at multiples of 5 s
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

TEST_CASE("latency window: no latencies are left after a pause of the window or longer", "[policy][latency_window]") {
  const auto pause = GENERATE(duration{10s}, duration{15s}, duration{1h});
  latency_window window{10s};
  window.record(1ms, start);
  CHECK(window.count(start + pause) == 0);
  window.record(1s, start + pause);
  CHECK(window.count(start + pause) == 1);
  CHECK(window.count(start + pause + 5s) == 1);
}

TEST_CASE("latency window: time that goes backwards does not discard samples", "[policy][latency_window]") {
  latency_window window;
  window.record(1ms, start);
  window.record(1ms, start - 1h);
  CHECK(window.count(start) == 2);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/concurrency_limiter.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::concurrency_limiter;

using test::start;

/// Returns the latency as recorded by the limiter: the bound of its histogram bucket.
duration bucket_bound(duration latency) {
  policy::latency_histogram histogram;
  histogram.record(latency);
  return histogram.quantile(0.5);
}

/// A limiter with a manual clock, fed with samples of 50 latencies in 100 ms.
class concurrency_limiter_fixture {
 public:
  explicit concurrency_limiter_fixture(concurrency_limiter::settings settings = {}) : limiter(settings) {}

  /// A sample with `in_flight` concurrent requests that all have the same latency.
  void sample(duration latency, std::size_t in_flight) {
    for (std::size_t i = 0; i < in_flight; ++i) REQUIRE(limiter.try_acquire());
    for (int i = 0; i < 49; ++i) release_and_acquire(latency);
    now += 100ms;
    limiter.release(latency, now);
    for (std::size_t i = 1; i < in_flight; ++i) limiter.release();
    REQUIRE(limiter.in_flight() == 0);
  }
  void sample_at_limit(duration latency) { sample(latency, limiter.limit()); }
  void release_and_acquire(duration latency) {
    limiter.release(latency, now);
    REQUIRE(limiter.try_acquire());
  }

  concurrency_limiter limiter;
  time_point now = start;
};

TEST_CASE("concurrency limiter: admits up to the limit, and one more request per release",
          "[policy][concurrency_limiter]") {
  concurrency_limiter limiter{{}};
  CHECK(limiter.limit() == 20);
  for (int i = 0; i < 20; ++i) REQUIRE(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
  CHECK(limiter.in_flight() == 20);
  limiter.release(1ms, start);
  CHECK(limiter.in_flight() == 19);
  CHECK(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
  limiter.release();
  CHECK(limiter.in_flight() == 19);
  CHECK(limiter.try_acquire());
}

/// Returns the next limit by the formula of the header.
double next_limit(double limit, duration base, duration p50) {
  const double latency_without_queue = std::max(static_cast<double>(base.count()), 10e6);
  const double gradient = std::clamp(1.5 * latency_without_queue / static_cast<double>(p50.count()), 0.5, 1.0);
  return std::clamp(0.8 * limit + 0.2 * (limit * gradient + std::sqrt(limit)), 8.0, 1000.0);
}

TEST_CASE("concurrency limiter: the limit follows the documented gradient formula", "[policy][concurrency_limiter]") {
  const auto initial_limit = GENERATE(8.0, 20.0, 300.0);
  const auto later_latency = GENERATE(duration{19ms}, duration{20ms}, duration{29ms}, duration{33ms}, duration{40ms},
                                      duration{50ms}, duration{10s});
  concurrency_limiter_fixture fixture{{.initial_limit = initial_limit}};
  double limit = initial_limit;
  const auto base = bucket_bound(20ms);
  for (int i = 0; i < 40; ++i) {
    const auto latency = i == 0 ? 20ms : later_latency;
    fixture.sample_at_limit(latency);
    limit = next_limit(limit, base, bucket_bound(latency));
    CAPTURE(i, limit);
    REQUIRE(fixture.limiter.limit() == static_cast<std::size_t>(limit));
  }
}

TEST_CASE("concurrency limiter: the limit depends on the median of the sample", "[policy][concurrency_limiter]") {
  const auto [fast_count, grows] = GENERATE(table<int, bool>({{26, true}, {25, true}, {24, false}, {23, false}}));
  concurrency_limiter_fixture fixture{{.initial_limit = 100}};
  fixture.sample_at_limit(20ms);
  const auto limit_before = fixture.limiter.limit();
  for (std::size_t i = 0; i < limit_before; ++i) REQUIRE(fixture.limiter.try_acquire());
  for (int i = 0; i < fast_count; ++i) fixture.release_and_acquire(20ms);
  for (int i = fast_count; i < 49; ++i) fixture.release_and_acquire(10s);
  fixture.now += 100ms;
  fixture.limiter.release(10s, fixture.now);
  CHECK((fixture.limiter.limit() > limit_before) == grows);
}

TEST_CASE("concurrency limiter: a sample has at least 50 latencies and lasts at least 100 ms",
          "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.initial_limit = 100}};
  for (int i = 0; i < 100; ++i) REQUIRE(fixture.limiter.try_acquire());
  SECTION("a sample does not end with fewer than 50 latencies") {
    for (int i = 0; i < 49; ++i) fixture.release_and_acquire(20ms);
    fixture.now += 1h;
    CHECK(fixture.limiter.limit() == 100);
    fixture.release_and_acquire(20ms);
    CHECK(fixture.limiter.limit() == 102);
  }
  SECTION("a sample does not end before 100 ms") {
    for (int i = 0; i < 1000; ++i) fixture.release_and_acquire(20ms);
    fixture.now += 100ms - 1ns;
    fixture.release_and_acquire(20ms);
    CHECK(fixture.limiter.limit() == 100);
    fixture.now += 1ns;
    fixture.release_and_acquire(20ms);
    CHECK(fixture.limiter.limit() == 102);
  }
  SECTION("ignored requests are not counted") {
    for (int i = 0; i < 49; ++i) fixture.release_and_acquire(20ms);
    fixture.now += 1s;
    for (int i = 0; i < 50; ++i) fixture.limiter.release();
    CHECK(fixture.limiter.limit() == 100);
  }
  SECTION("a sample starts with its first latency") {
    for (int i = 0; i < 49; ++i) fixture.release_and_acquire(20ms);
    fixture.now += 1s;
    fixture.release_and_acquire(20ms);
    fixture.now += 1s;
    for (int i = 0; i < 1000; ++i) fixture.release_and_acquire(20ms);
    CHECK(fixture.limiter.limit() == 102);
  }
}

TEST_CASE("concurrency limiter: latency below the threshold times the tolerance does not reduce the limit",
          "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture;
  fixture.sample_at_limit(10us);
  for (int i = 0; i < 20; ++i) {
    const auto limit_before = fixture.limiter.limit();
    fixture.sample_at_limit(12ms);
    CHECK(fixture.limiter.limit() >= limit_before);
  }
  const auto limit_before_decrease = fixture.limiter.limit();
  for (int i = 0; i < 3; ++i) fixture.sample_at_limit(30ms);
  CHECK(fixture.limiter.limit() < limit_before_decrease);
}

TEST_CASE("concurrency limiter: a limit that is at most half used does not grow, but can decrease",
          "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.initial_limit = 40}};
  for (int i = 0; i < 50; ++i) fixture.sample(20ms, 20);
  CHECK(fixture.limiter.limit() == 40);
  fixture.sample(20ms, 21);
  CHECK(fixture.limiter.limit() == 41);
  for (int i = 0; i < 5; ++i) fixture.sample(200ms, 5);
  CHECK(fixture.limiter.limit() < 35);
}

TEST_CASE(
    "concurrency limiter: a steep reduction starts at the requests in flight (at least 50), a mild one at the limit",
    "[policy][concurrency_limiter]") {
  const auto [in_flight, latency, start_limit] = GENERATE(table<std::size_t, duration, double>(
      {{200, 200ms, 201}, {50, 200ms, 51}, {49, 200ms, 50}, {5, 200ms, 50}, {200, 40ms, 500}}));
  concurrency_limiter_fixture fixture{{.initial_limit = 500}};
  fixture.sample(20ms, in_flight);
  CHECK(fixture.limiter.limit() == 500);
  fixture.sample(latency, in_flight);
  CHECK(fixture.limiter.limit() ==
        static_cast<std::size_t>(next_limit(start_limit, bucket_bound(20ms), bucket_bound(latency))));
}

TEST_CASE("concurrency limiter: the concurrency of one sample does not affect the next sample",
          "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.initial_limit = 40}};
  fixture.sample_at_limit(20ms);
  fixture.sample(20ms, 5);  // the requests of the previous sample are still in flight at its start
  const auto limit_before = fixture.limiter.limit();
  for (int i = 0; i < 50; ++i) fixture.sample(20ms, 5);
  CHECK(fixture.limiter.limit() == limit_before);
}

TEST_CASE("concurrency limiter: the limit stays within min_limit and max_limit", "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.min_limit = 5, .initial_limit = 10, .max_limit = 15}};
  for (int i = 0; i < 20; ++i) fixture.sample_at_limit(20ms);
  CHECK(fixture.limiter.limit() == 15);
  for (int i = 0; i < 30; ++i) fixture.sample_at_limit(10s);
  CHECK(fixture.limiter.limit() == 5);
}

TEST_CASE("concurrency limiter: the base latency follows a lower median with a smoothing of 0.2",
          "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.initial_limit = 300}};
  double limit = 300;
  auto base = static_cast<double>(bucket_bound(200ms).count());
  fixture.sample_at_limit(200ms);
  limit = next_limit(limit, bucket_bound(200ms), bucket_bound(200ms));
  for (int i = 0; i < 3; ++i) {
    fixture.sample_at_limit(50ms);
    base += (static_cast<double>(bucket_bound(50ms).count()) - base) / 5;
    limit = next_limit(limit, duration{static_cast<duration::rep>(base)}, bucket_bound(50ms));
  }
  fixture.sample_at_limit(300ms);
  CHECK(fixture.limiter.limit() ==
        static_cast<std::size_t>(next_limit(limit, duration{static_cast<duration::rep>(base)}, bucket_bound(300ms))));
}

/// Returns a limiter after slightly less than five seconds of reductions.
concurrency_limiter_fixture fixture_before_probe() {
  concurrency_limiter_fixture fixture{{.initial_limit = 100}};
  fixture.sample_at_limit(20ms);
  for (int i = 0; i < 49; ++i) fixture.sample_at_limit(40ms);
  return fixture;
}

TEST_CASE(
    "concurrency limiter: after five seconds of reductions, a probe at half the limit measures a new base latency",
    "[policy][concurrency_limiter]") {
  auto fixture = fixture_before_probe();
  auto& limiter = fixture.limiter;
  const auto limit_before = limiter.limit();
  const auto remaining = limit_before / 3;  // still in flight after the probe has started
  for (std::size_t i = 0; i < limit_before; ++i) REQUIRE(limiter.try_acquire());
  for (int i = 0; i < 49; ++i) fixture.release_and_acquire(40ms);
  fixture.now += 100ms;
  limiter.release(40ms, fixture.now);
  const auto halved_limit = limiter.limit();
  CHECK(halved_limit >= limit_before / 2 - 1);
  CHECK(halved_limit <= limit_before / 2 + 1);
  CHECK_FALSE(limiter.try_acquire());

  // Requests that were in flight when the probe started are not sampled.
  while (limiter.in_flight() > remaining) limiter.release();
  for (std::size_t i = 0; i < remaining; ++i) {
    limiter.release(10s, fixture.now);
    fixture.now += 10ms;
  }
  CHECK(limiter.in_flight() == 0);
  fixture.sample(100ms, halved_limit);
  const auto limit_after = limiter.limit();
  CHECK(limit_after >= limit_before - 2);
  CHECK(limit_after <= limit_before);

  // A latency that was too high for the old base is not too high for the new base.
  for (int i = 0; i < 10; ++i) fixture.sample_at_limit(120ms);
  CHECK(limiter.limit() > limit_after);
}

TEST_CASE("concurrency limiter: a probe does not go below min_limit", "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.min_limit = 15, .initial_limit = 20}};
  fixture.sample_at_limit(20ms);
  for (int i = 0; i < 50; ++i) fixture.sample_at_limit(1s);
  CHECK(fixture.limiter.limit() == 15);
}

TEST_CASE("concurrency limiter: samples without a reduction postpone the probe", "[policy][concurrency_limiter]") {
  concurrency_limiter_fixture fixture{{.initial_limit = 500}};
  fixture.sample_at_limit(20ms);
  for (int i = 0; i < 40; ++i) {
    fixture.sample_at_limit(33ms);
    CHECK(fixture.limiter.limit() > 200);
    fixture.sample_at_limit(20ms);
    CHECK(fixture.limiter.limit() > 200);
  }
  for (int i = 0; i < 49; ++i) fixture.sample_at_limit(33ms);
  const auto limit_before = fixture.limiter.limit();
  fixture.sample_at_limit(33ms);
  CHECK(fixture.limiter.limit() < limit_before * 6 / 10);
}

}  // namespace
}  // namespace cohort

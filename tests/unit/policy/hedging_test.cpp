// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/hedging.hpp>

#include <catch2/catch_test_macros.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::hedging;

using test::start;

/// Returns a hedging policy after `count` responses, one in ten of which is slow.
hedging make_hedging(int count, hedging::settings settings = {}) {
  hedging hedge{settings};
  for (int i = 0; i < count; ++i) hedge.record(i % 10 == 9 ? 200ms : 20ms, start);
  return hedge;
}

bool is_in_bucket_of(std::optional<duration> actual, duration expected) {
  return actual && *actual >= expected && *actual <= expected * 119 / 100;
}

TEST_CASE("hedging: the delay is the configured latency quantile", "[policy][hedging]") {
  auto hedge = make_hedging(100);
  CHECK(is_in_bucket_of(hedge.delay(1s, start), 200ms));
  auto p90_hedging = make_hedging(100, {.quantile = 0.9});
  CHECK(is_in_bucket_of(p90_hedging.delay(1s, start), 20ms));
}

TEST_CASE("hedging: there is no second request while there are too few samples", "[policy][hedging]") {
  auto hedging_with_19_samples = make_hedging(19);
  CHECK_FALSE(hedging_with_19_samples.delay(1h, start).has_value());
  CHECK(hedging_with_19_samples.median(start) == 0s);
  auto hedging_with_20_samples = make_hedging(20);
  CHECK(hedging_with_20_samples.delay(1h, start).has_value());
  CHECK(is_in_bucket_of(hedging_with_20_samples.median(start), 20ms));
  CHECK_FALSE(hedging_with_20_samples.delay(1h, start + 1min).has_value());
  CHECK(hedging_with_20_samples.median(start + 1min) == 0s);
}

TEST_CASE("hedging: there is no second request if the remaining time is less than the median latency",
          "[policy][hedging]") {
  auto hedge = make_hedging(100);
  const auto required = *hedge.delay(1h, start) + hedge.median(start);
  CHECK(hedge.delay(required, start).has_value());
  CHECK_FALSE(hedge.delay(required - 1ns, start).has_value());
  CHECK_FALSE(hedge.delay(0s, start).has_value());
  CHECK_FALSE(hedge.delay(-1s, start).has_value());
}

TEST_CASE("hedging: the delay is at least min_delay", "[policy][hedging]") {
  hedging hedge{{}};
  for (int i = 0; i < 20; ++i) hedge.record(100us, start);
  CHECK(hedge.delay(1s, start) == 5ms);
  CHECK(is_in_bucket_of(hedge.median(start), 100us));
  CHECK(hedge.delay(5ms + hedge.median(start), start) == 5ms);
  CHECK_FALSE(hedge.delay(5ms, start).has_value());
}

TEST_CASE("hedging: if hedging is disabled, no second request is sent, but the median is measured",
          "[policy][hedging]") {
  auto hedge = make_hedging(100, {.is_enabled = false});
  CHECK_FALSE(hedge.delay(1h, start).has_value());
  CHECK(is_in_bucket_of(hedge.median(start), 20ms));
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/failure_limiter.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::policy {
namespace {

using namespace std::chrono_literals;

TEST_CASE("failure limiter: the result beyond the limit is the time until the client's window ends", "[policy]") {
  failure_limiter limiter{3, 60s};
  const time_point start{};
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limiter.record("a", start + i * 1s).has_value());
  CHECK(limiter.record("a", start + 10s) == 50s);
  CHECK(limiter.record("a", start + 59s) == 1s);
  CHECK_FALSE(limiter.record("b", start + 59s).has_value());
  CHECK_FALSE(limiter.record("a", start + 60s).has_value());
}

TEST_CASE("failure limiter: the table is bounded, and windows that have ended are removed", "[policy]") {
  failure_limiter limiter{1, 60s, 2};
  const time_point start{};
  CHECK_FALSE(limiter.record("a", start).has_value());
  CHECK_FALSE(limiter.record("b", start + 1s).has_value());
  CHECK(limiter.record("a", start + 2s).has_value());
  CHECK_FALSE(limiter.record("c", start + 3s).has_value());
  CHECK(limiter.client_count() == 2);
  CHECK(limiter.record("b", start + 4s).has_value());
  CHECK_FALSE(limiter.record("a", start + 5s).has_value());  // the oldest window was evicted
  CHECK_FALSE(limiter.record("d", start + 100s).has_value());
  CHECK(limiter.client_count() == 1);
}

TEST_CASE("failure limiter: after the clock steps back, the wait is at most the window plus the step", "[policy]") {
  failure_limiter limiter{1, 60s};
  const time_point start{};
  CHECK_FALSE(limiter.record("a", start + 10s).has_value());
  CHECK(limiter.record("a", start + 9s) == 61s);
}

}  // namespace
}  // namespace cohort::policy

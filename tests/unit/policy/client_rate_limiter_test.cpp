// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/client_rate_limiter.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::client_rate_limiter;

using test::start;

/// Returns a limiter with a burst of ten, and then one token every six seconds.
client_rate_limiter make_limiter(std::size_t max_clients = 100) { return {10, 1min, max_clients}; }

int acquire_all(client_rate_limiter& limiter, std::string_view client, time_point now) {
  int count = 0;
  while (count < 1000 && !limiter.take(client, now)) ++count;
  return count;
}

/// Returns whether the durations are equal to within one microsecond, because doubles are rounded.
bool is_approximately(std::optional<duration> actual, duration expected) {
  return actual && *actual >= expected - 1us && *actual <= expected + 1us;
}

TEST_CASE("client rate limiter: admits the burst, then returns the time until the next token",
          "[policy][client_rate_limiter]") {
  auto limiter = make_limiter();
  CHECK(acquire_all(limiter, "a", start) == 10);
  CHECK(is_approximately(limiter.take("a", start), 6s));
  CHECK(is_approximately(limiter.take("a", start + 2s), 4s));
  CHECK(is_approximately(limiter.take("a", start + 5s), 1s));
}

TEST_CASE("client rate limiter: admits a client that waited for the returned time", "[policy][client_rate_limiter]") {
  client_rate_limiter limiter{GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{7}),
                              GENERATE(duration{1s}, duration{1h})};
  auto now = start;
  while (!limiter.take("a", now)) {
  }
  for (int i = 0; i < 20; ++i) {
    const auto wait = limiter.take("a", now);
    REQUIRE(wait.has_value());
    REQUIRE(*wait > 0s);
    now += *wait;
    CHECK_FALSE(limiter.take("a", now).has_value());
  }
}

TEST_CASE("client rate limiter: tokens are refilled evenly, up to the burst", "[policy][client_rate_limiter]") {
  auto limiter = make_limiter();
  acquire_all(limiter, "a", start);
  CHECK(acquire_all(limiter, "a", start + 7s) == 1);
  CHECK(acquire_all(limiter, "a", start + 31s) == 4);
  CHECK(acquire_all(limiter, "a", start + 24h) == 10);
}

TEST_CASE("client rate limiter: a rejection takes no token", "[policy][client_rate_limiter]") {
  auto limiter = make_limiter();
  acquire_all(limiter, "a", start);
  for (int i = 0; i < 100; ++i) limiter.take("a", start);
  CHECK_FALSE(limiter.take("a", start + 6001ms).has_value());
}

TEST_CASE("client rate limiter: each client has its own bucket", "[policy][client_rate_limiter]") {
  auto limiter = make_limiter();
  CHECK(acquire_all(limiter, "a", start) == 10);
  CHECK(acquire_all(limiter, "b", start) == 10);
  CHECK(limiter.client_count() == 2);
}

TEST_CASE(
    "client rate limiter: a full table evicts the least recently seen client, which then starts with a full bucket",
    "[policy][client_rate_limiter]") {
  auto limiter = make_limiter(2);
  acquire_all(limiter, "a", start);
  acquire_all(limiter, "b", start);
  CHECK(limiter.take("a", start).has_value());  // seen again, so b is evicted
  CHECK(acquire_all(limiter, "c", start) == 10);
  CHECK(limiter.client_count() == 2);
  CHECK(limiter.take("a", start).has_value());
  CHECK(acquire_all(limiter, "b", start) == 10);
  for (int i = 0; i < 1000; ++i) limiter.take("client " + std::to_string(i), start);
  CHECK(limiter.client_count() == 2);
}

TEST_CASE("client rate limiter: time that goes backwards neither adds nor removes tokens",
          "[policy][client_rate_limiter]") {
  auto limiter = make_limiter();
  CHECK(acquire_all(limiter, "a", start) == 10);
  CHECK(is_approximately(limiter.take("a", start - 30min), 6s));
  // An interval for which tokens were already refilled does not refill them again.
  CHECK(limiter.take("a", start).has_value());
  CHECK(limiter.take("a", start + 5s).has_value());
  CHECK_FALSE(limiter.take("a", start + 6001ms).has_value());
}

}  // namespace
}  // namespace cohort

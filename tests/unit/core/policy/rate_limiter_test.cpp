#include "core/policy/rate_limiter.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::rate_limiter;

constexpr time_point start{1h};

/// Ten at once, then one every six seconds.
rate_limiter ten_a_minute(std::size_t most_clients = 100) { return {10, 1min, most_clients}; }

int taken_at(rate_limiter& limiter, std::string_view client, time_point now) {
  int count = 0;
  while (count < 1000 && !limiter.take(client, now)) ++count;
  return count;
}

/// The wait that was asked for, to the microsecond that doubles leave.
bool is_about(std::optional<duration> got, duration wanted) {
  return got && *got >= wanted - 1us && *got <= wanted + 1us;
}

TEST_CASE("A client has its burst at once, and then is told when there is more") {
  auto limiter = ten_a_minute();
  CHECK(taken_at(limiter, "a", start) == 10);
  CHECK(is_about(limiter.take("a", start), 6s));
  CHECK(is_about(limiter.take("a", start + 2s), 4s));
  CHECK(is_about(limiter.take("a", start + 5s), 1s));
}

TEST_CASE("Whoever waits as long as it was told gets in") {
  rate_limiter limiter{GENERATE(std::size_t{1}, std::size_t{3}, std::size_t{7}), GENERATE(duration{1s}, duration{1h})};
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

TEST_CASE("Tokens come back evenly, and no more than the burst") {
  auto limiter = ten_a_minute();
  taken_at(limiter, "a", start);
  CHECK(taken_at(limiter, "a", start + 7s) == 1);
  CHECK(taken_at(limiter, "a", start + 31s) == 4);
  CHECK(taken_at(limiter, "a", start + 24h) == 10);
}

TEST_CASE("A refusal costs nothing") {
  auto limiter = ten_a_minute();
  taken_at(limiter, "a", start);
  for (int i = 0; i < 100; ++i) limiter.take("a", start);
  CHECK_FALSE(limiter.take("a", start + 6001ms).has_value());
}

TEST_CASE("Clients do not spend each other's tokens") {
  auto limiter = ten_a_minute();
  CHECK(taken_at(limiter, "a", start) == 10);
  CHECK(taken_at(limiter, "b", start) == 10);
  CHECK(limiter.clients() == 2);
}

TEST_CASE("The table is bounded: the client not heard of for longest is forgotten, and starts full") {
  auto limiter = ten_a_minute(2);
  taken_at(limiter, "a", start);
  taken_at(limiter, "b", start);
  CHECK(limiter.take("a", start).has_value());  // heard of again, so it is b that goes
  CHECK(taken_at(limiter, "c", start) == 10);
  CHECK(limiter.clients() == 2);
  CHECK(limiter.take("a", start).has_value());
  CHECK(taken_at(limiter, "b", start) == 10);
  for (int i = 0; i < 1000; ++i) limiter.take("client " + std::to_string(i), start);
  CHECK(limiter.clients() == 2);
}

TEST_CASE("Time that goes backwards neither gives nor takes tokens") {
  auto limiter = ten_a_minute();
  CHECK(taken_at(limiter, "a", start) == 10);
  CHECK(is_about(limiter.take("a", start - 30min), 6s));
  // And the way back to where it was is not counted again.
  CHECK(limiter.take("a", start).has_value());
  CHECK(limiter.take("a", start + 5s).has_value());
  CHECK_FALSE(limiter.take("a", start + 6001ms).has_value());
}

}  // namespace
}  // namespace cohort

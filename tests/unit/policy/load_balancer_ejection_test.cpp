// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/load_balancer.hpp>

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>

#include "tests/unit/policy/load_balancer_fixture.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("load balancer: consecutive failures eject an address", "[policy][load_balancer]") {
  const auto [result, count] = GENERATE(table<outcome, int>({{outcome::failure, 5}, {outcome::connect_failure, 2}}));
  load_balancer_fixture fixture{{a, b, c}};
  SECTION("immediately") {
    CHECK(fixture.calls(count, a, result));
    CHECK(fixture.balancer.ejected_count(fixture.now) == 1);
    CHECK(fixture.balancer.address_count() == 3);
    CHECK(fixture.balancer.contains(a));
    auto shares = fixture.shares();
    CHECK(shares[a] == 0);
    CHECK(shares[b] == approximately(500));
  }
  SECTION("a success between the failures resets the count") {
    for (int i = 0; i < 20; ++i) {
      if (count > 1) REQUIRE_FALSE(fixture.calls(count - 1, a, result));
      REQUIRE_FALSE(fixture.call(a, outcome::success));
    }
    CHECK(fixture.balancer.ejected_count(fixture.now) == 0);
  }
  SECTION("ignored outcomes between the failures have no effect") {
    for (int i = 0; i + 1 < count; ++i) {
      REQUIRE_FALSE(fixture.call(a, result));
      REQUIRE_FALSE(fixture.calls(10, a, outcome::ignored));
    }
    CHECK(fixture.call(a, result));
  }
}

TEST_CASE("load balancer: a failure of another type resets the count of connect failures", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  CHECK_FALSE(fixture.call(a, outcome::connect_failure));
  CHECK_FALSE(fixture.call(a, outcome::failure));
  CHECK_FALSE(fixture.call(a, outcome::connect_failure));
  CHECK_FALSE(fixture.call(a, outcome::failure));
  CHECK(fixture.call(a, outcome::connect_failure));  // the fifth failure of either type
}

TEST_CASE("load balancer: failures are counted per address", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(fixture.call(a, outcome::failure));
    CHECK_FALSE(fixture.call(b, outcome::failure));
  }
  CHECK(fixture.call(a, outcome::failure));
  CHECK(fixture.balancer.ejected_count(fixture.now) == 1);
}

TEST_CASE("load balancer: the last active address is never ejected", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b, c}};
  for (int i = 0; i < 1000; ++i) {
    fixture.call(*fixture.pick(), outcome::connect_failure);
    REQUIRE(fixture.balancer.ejected_count(fixture.now) < 3);
  }
  load_balancer_fixture single{{a}};
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(single.call(a, outcome::connect_failure));
  CHECK(single.pick() == a);
}

TEST_CASE("load balancer: if the last active address fails, the ejected addresses become active again",
          "[policy][load_balancer]") {
  const auto [result, count] = GENERATE(table<outcome, int>({{outcome::failure, 5}, {outcome::connect_failure, 2}}));
  load_balancer_fixture fixture{{a, b}};
  REQUIRE(fixture.calls(5, a, outcome::failure));
  REQUIRE_FALSE(fixture.calls(count - 1, b, result));
  CHECK(fixture.pick() == b);
  // The address is not ejected, and the ejection of the other addresses ends without a slow start.
  REQUIRE_FALSE(fixture.call(b, result));
  CHECK(fixture.balancer.ejected_count(fixture.now) == 0);
  CHECK(fixture.shares()[a] == approximately(500));
  CHECK(fixture.call(b, result));
  CHECK(fixture.pick() == a);
  // An ejection that ends early is not counted.
  CHECK(fixture.balancer.statuses(fixture.now).front().ejections == 0);
}

TEST_CASE("load balancer: an ejection that ends early keeps the count of earlier ejections",
          "[policy][load_balancer]") {
  const auto slow_start_window = GENERATE(as<duration>{}, 0s, 10s, 5min);
  load_balancer_fixture fixture{{a, b}, {.slow_start_window = slow_start_window}};
  for (int i = 1; i <= 3; ++i) REQUIRE(fixture.ejection_duration(a, outcome::failure) == 30s * i);
  REQUIRE(fixture.calls(5, a, outcome::failure));
  REQUIRE_FALSE(fixture.calls(5, b, outcome::failure));
  const auto status = fixture.balancer.statuses(fixture.now).front();
  CHECK(status.ejections == 3);
  CHECK(status.slow_start_weight == 1);
  CHECK(fixture.ejection_duration(a, outcome::failure) == 120s);
}

TEST_CASE("load balancer: if only ejected addresses are left, they are selected again", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  REQUIRE(fixture.calls(2, a, outcome::connect_failure));
  fixture.update({a});
  CHECK(fixture.pick() == a);
  CHECK(fixture.balancer.ejected_count(fixture.now) == 0);
}

TEST_CASE("load balancer: after its ejection time, an address becomes active with a slow start",
          "[policy][load_balancer]") {
  const auto [result, count, length] =
      GENERATE(table<outcome, int, duration>({{outcome::failure, 5, 30s}, {outcome::connect_failure, 2, 5s}}));
  load_balancer_fixture fixture{{a, b, c}};
  REQUIRE(fixture.calls(count, a, result));
  fixture.now = start + length - 1ns;
  CHECK(fixture.balancer.ejected_count(fixture.now) == 1);
  CHECK(fixture.shares()[a] == 0);
  fixture.now = start + length;
  CHECK(fixture.balancer.ejected_count(fixture.now) == 0);
  CHECK(fixture.shares()[a] == approximately(33));
  fixture.now = start + length + 2s;
  CHECK(fixture.shares()[a] == approximately(67));
  fixture.now = start + length + 5s;
  CHECK(fixture.shares()[a] == approximately(167));
  fixture.now = start + length + 10s;
  CHECK(fixture.shares()[a] == approximately(333));
}

TEST_CASE("load balancer: an ejection resets the failure counts", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  REQUIRE(fixture.calls(5, a, outcome::failure));
  fixture.now += 30s;
  CHECK(fixture.calls(5, a, outcome::failure));
  fixture.now += 60s;
  CHECK(fixture.calls(2, a, outcome::connect_failure));
}

TEST_CASE("load balancer: requests that end during an ejection have no effect", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  for (int i = 0; i < 10; ++i) fixture.balancer.on_request_start(a);
  REQUIRE(fixture.calls(2, a, outcome::connect_failure));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(fixture.balancer.on_request_end(a, outcome::connect_failure, start + 4s));
  CHECK(fixture.balancer.in_flight(a) == 0);
  CHECK(fixture.balancer.ejected_count(start + 5s) == 0);
  fixture.now = start + 5s;
  CHECK_FALSE(fixture.call(a, outcome::connect_failure));
  CHECK(fixture.call(a, outcome::connect_failure));
}

TEST_CASE("load balancer: each ejection is 30 s longer than the previous ejection, up to five minutes",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  for (int i = 1; i <= 15; ++i) CHECK(fixture.ejection_duration(a, outcome::failure) == std::min(30s * i, 300s));
}

TEST_CASE("load balancer: each ejection by connect failures is 5 s longer than the previous ejection, up to 55 s",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  for (int i = 1; i <= 15; ++i) CHECK(fixture.ejection_duration(a, outcome::connect_failure) == std::min(5s * i, 55s));
}

TEST_CASE("load balancer: ejections for both types of failures are counted together", "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  CHECK(fixture.ejection_duration(a, outcome::connect_failure) == 5s);
  CHECK(fixture.ejection_duration(a, outcome::failure) == 60s);
  CHECK(fixture.ejection_duration(a, outcome::connect_failure) == 15s);
}

TEST_CASE("load balancer: the count of ejections decreases by one per 30 s without an ejection",
          "[policy][load_balancer]") {
  const auto [pause, count] = GENERATE(table<duration, int>({
      {0s, 5},
      {29s, 5},
      {30s, 4},
      {60s, 3},
      {119s, 2},
      {120s, 1},
      {24h, 1},
  }));
  const auto [result, base_time] =
      GENERATE(table<outcome, duration>({{outcome::failure, 30s}, {outcome::connect_failure, 5s}}));
  load_balancer_fixture fixture{{a, b}};
  for (int i = 0; i < 4; ++i) fixture.ejection_duration(a, result);
  fixture.now += pause;
  CHECK(fixture.ejection_duration(a, result) == base_time * count);
}

TEST_CASE("load balancer: after an hour without an ejection the next ejection has the base ejection time",
          "[policy][load_balancer]") {
  load_balancer_fixture fixture{{a, b}};
  for (int i = 0; i < 1000; ++i) fixture.ejection_duration(a, outcome::failure);
  fixture.now += 1h;
  CHECK(fixture.ejection_duration(a, outcome::failure) == 30s);
}

}  // namespace
}  // namespace cohort::test

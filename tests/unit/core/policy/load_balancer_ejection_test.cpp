#include "core/policy/load_balancer.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>

#include "tests/unit/core/policy/balancer_stage.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;

auto about(int wanted) { return Approx(wanted).epsilon(0.05); }

TEST_CASE("An address is ejected for what it does in a row") {
  const auto [what, times] = GENERATE(table<outcome, int>({{outcome::failure, 5}, {outcome::connect_failure, 2}}));
  balancer_stage stage{{a, b, c}};
  SECTION("at once") {
    CHECK(stage.calls(times, a, what));
    CHECK(stage.balancer.ejected(stage.now) == 1);
    CHECK(stage.balancer.addresses() == 3);
    CHECK(stage.balancer.knows(a));
    auto shares = stage.shares();
    CHECK(shares[a] == 0);
    CHECK(shares[b] == about(500));
  }
  SECTION("but not with a success in between") {
    for (int i = 0; i < 20; ++i) {
      if (times > 1) REQUIRE_FALSE(stage.calls(times - 1, a, what));
      REQUIRE_FALSE(stage.call(a, outcome::success));
    }
    CHECK(stage.balancer.ejected(stage.now) == 0);
  }
  SECTION("whatever tells nothing comes in between") {
    for (int i = 0; i + 1 < times; ++i) {
      REQUIRE_FALSE(stage.call(a, what));
      REQUIRE_FALSE(stage.calls(10, a, outcome::none));
    }
    CHECK(stage.call(a, what));
  }
}

TEST_CASE("An answer that blames the server shows that somebody listens") {
  balancer_stage stage{{a, b}};
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK_FALSE(stage.call(a, outcome::failure));
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK_FALSE(stage.call(a, outcome::failure));
  CHECK(stage.call(a, outcome::connect_failure));  // the fifth failure of either kind
}

TEST_CASE("One's failures are not another's") {
  balancer_stage stage{{a, b, c}};
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(stage.call(a, outcome::failure));
    CHECK_FALSE(stage.call(b, outcome::failure));
  }
  CHECK(stage.call(a, outcome::failure));
  CHECK(stage.balancer.ejected(stage.now) == 1);
}

TEST_CASE("The last one is never ejected") {
  balancer_stage stage{{a, b}};
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(stage.call(b, outcome::connect_failure));
  CHECK(stage.pick() == b);
  CHECK(stage.balancer.ejected(stage.now) == 1);
  // Once the other is back it takes one more.
  stage.now += 30s;
  CHECK(stage.call(b, outcome::connect_failure));
  CHECK(stage.pick() == a);
}

TEST_CASE("When all that worked have left, those ejected are picked again") {
  balancer_stage stage{{a, b}};
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  stage.update({a});
  CHECK(stage.pick() == a);
  CHECK(stage.balancer.ejected(stage.now) == 0);
}

TEST_CASE("An ejected one is tried again after its time, with little at first") {
  balancer_stage stage{{a, b, c}};
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  stage.now = start + 30s - 1ns;
  CHECK(stage.balancer.ejected(stage.now) == 1);
  CHECK(stage.shares()[a] == 0);
  stage.now = start + 30s;
  CHECK(stage.balancer.ejected(stage.now) == 0);
  CHECK(stage.shares()[a] == about(33));
  stage.now = start + 32s;
  CHECK(stage.shares()[a] == about(67));
  stage.now = start + 35s;
  CHECK(stage.shares()[a] == about(167));
  stage.now = start + 40s;
  CHECK(stage.shares()[a] == about(333));
}

TEST_CASE("It starts anew in the count of its failures") {
  balancer_stage stage{{a, b}};
  REQUIRE(stage.calls(5, a, outcome::failure));
  stage.now += 30s;
  CHECK(stage.calls(5, a, outcome::failure));
  stage.now += 60s;
  CHECK(stage.calls(2, a, outcome::connect_failure));
}

TEST_CASE("What ends while it is ejected tells nothing new") {
  balancer_stage stage{{a, b}};
  for (int i = 0; i < 10; ++i) stage.balancer.begin(a);
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(stage.balancer.end(a, outcome::connect_failure, start + 20s));
  CHECK(stage.balancer.in_flight(a) == 0);
  CHECK(stage.balancer.ejected(start + 30s) == 0);
  stage.now = start + 30s;
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK(stage.call(a, outcome::connect_failure));
}

TEST_CASE("Each ejection is longer than the one before, up to five minutes") {
  balancer_stage stage{{a, b}};
  for (int i = 1; i <= 15; ++i) CHECK(stage.ejection(a) == std::min(30s * i, 300s));
}

TEST_CASE("For each half minute that it is well one ejection is forgotten") {
  const auto [well, then] = GENERATE(table<duration, duration>({
      {0s, 150s},
      {29s, 150s},
      {30s, 120s},
      {60s, 90s},
      {119s, 60s},
      {120s, 30s},
      {24h, 30s},
  }));
  balancer_stage stage{{a, b}};
  for (int i = 0; i < 4; ++i) stage.ejection(a);
  stage.now += well;
  CHECK(stage.ejection(a) == then);
}

TEST_CASE("However often it was ejected, an hour makes it good") {
  balancer_stage stage{{a, b}};
  for (int i = 0; i < 1000; ++i) stage.ejection(a);
  stage.now += 1h;
  CHECK(stage.ejection(a) == 30s);
}

}  // namespace
}  // namespace cohort::test

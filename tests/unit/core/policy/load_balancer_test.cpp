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

TEST_CASE("Without an address there is nothing to pick") {
  balancer_stage stage{{}};
  CHECK_FALSE(stage.pick().has_value());
  CHECK_FALSE(stage.pick({a}).has_value());
  CHECK(stage.balancer.addresses() == 0);
  stage.update({a});
  stage.update({});
  CHECK_FALSE(stage.pick().has_value());
}

TEST_CASE("A single address is always picked") {
  balancer_stage stage{{a}};
  CHECK(stage.pick() == a);
  CHECK(stage.pick({a}) == a);
  CHECK(stage.pick({b}) == a);
}

TEST_CASE("Idle addresses get the same share") {
  const auto count = GENERATE(2U, 3U, 7U);
  std::vector<endpoint> addresses;
  for (unsigned i = 0; i < count; ++i) addresses.push_back(address(i));
  balancer_stage stage{addresses};
  auto shares = stage.shares();
  REQUIRE(shares.size() == count);
  for (const auto& [where, share] : shares) CHECK(share == Approx(1000.0 / count).epsilon(0.06));
}

TEST_CASE("An address named twice counts once") {
  balancer_stage stage{{a, b, a, a}};
  CHECK(stage.balancer.addresses() == 2);
  auto shares = stage.shares();
  CHECK(shares[a] == about(500));
}

TEST_CASE("Of two drawn by chance the one with less to do is picked") {
  balancer_stage stage{{a, b, c}};
  for (int i = 0; i < 5; ++i) stage.balancer.begin(a);
  CHECK(stage.balancer.in_flight(a) == 5);
  auto shares = stage.shares();
  CHECK(shares[a] == 0);
  CHECK(shares[b] == about(500));
  stage.balancer.begin(b);
  shares = stage.shares();
  CHECK(shares[b] == about(333));  // drawn with a, not with c
  CHECK(shares[c] == about(667));
  for (int i = 0; i < 5; ++i) stage.balancer.end(a, outcome::none, stage.now);
  stage.balancer.end(b, outcome::none, stage.now);
  CHECK(stage.balancer.in_flight(a) == 0);
  CHECK(stage.shares()[a] == about(333));
}

TEST_CASE("One that is slow to answer gets less than the others") {
  balancer_stage stage{{a, b, c}};
  std::vector<std::pair<endpoint, int>> running;
  std::map<endpoint, int> counts;
  for (int i = 0; i < 30'000; ++i) {
    const auto where = *stage.pick();
    ++counts[where];
    stage.balancer.begin(where);
    running.emplace_back(where, i + (where == a ? 40 : 4));
    std::erase_if(running, [&](const auto& each) {
      if (each.second > i) return false;
      stage.balancer.end(each.first, outcome::success, stage.now);
      return true;
    });
  }
  CHECK(counts[a] < 6'000);
  CHECK(counts[a] > 500);
  CHECK(counts[b] == Approx(counts[c]).epsilon(0.05));
}

TEST_CASE("Those that the call has tried are avoided while there is another") {
  balancer_stage stage{{a, b, c}};
  auto shares = stage.shares(30'000, {a});
  CHECK(shares[a] == 0);
  CHECK(shares[b] == about(500));
  for (int i = 0; i < 100; ++i) stage.balancer.begin(b);
  CHECK(stage.shares(100, {a, c})[b] == 1000);
  shares = stage.shares(30'000, {a, b, c});
  CHECK(shares[a] == about(500));
  CHECK(shares[b] == 0);
}

TEST_CASE("An ejected one that the call has not tried is picked before one that it has tried, and after all others") {
  balancer_stage stage{{a, b, c}};
  REQUIRE(stage.calls(2, b, outcome::connect_failure));
  CHECK(stage.shares(1000, {a})[c] == 1000);
  CHECK(stage.shares(1000, {a, c})[b] == 1000);
  const auto shares = stage.shares(1000, {a, b, c});
  CHECK_FALSE(shares.contains(b));
}

TEST_CASE("The first addresses have their full share at once, those that join them do not") {
  balancer_stage stage{{a}};
  stage.now += 1min;
  stage.update({a, b});
  CHECK(stage.shares()[b] == Approx(50).epsilon(0.1));
  stage.now += 5s;
  stage.update({b, a});
  CHECK(stage.shares()[b] == about(250));
  stage.now += 5s;
  CHECK(stage.shares()[b] == about(500));
}

TEST_CASE("One that joins does not get what the others are too busy for") {
  balancer_stage stage{{a, b}};
  for (int i = 0; i < 10; ++i) stage.balancer.begin(a);
  stage.update({a, b, c});
  stage.update({a, c});
  CHECK(stage.shares()[c] == about(100));
}

TEST_CASE("Addresses that replace all others have their full share at once") {
  balancer_stage stage{{a}};
  stage.balancer.begin(a);
  stage.update({});
  stage.now += 1min;
  stage.update({b});
  stage.update({b, c});
  CHECK(stage.shares()[c] == Approx(50).epsilon(0.1));
  CHECK(stage.shares()[b] == Approx(950).epsilon(0.1));
}

TEST_CASE("Without a slow start a newcomer has its full share at once") {
  balancer_stage stage{{a}, {.slow_start = 0s}};
  stage.now += 1min;
  stage.update({a, b});
  CHECK(stage.shares()[b] == about(500));
}

TEST_CASE("Those that stay keep what is known of them") {
  balancer_stage stage{{a, b, c}};
  stage.balancer.begin(b);
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  REQUIRE_FALSE(stage.calls(4, c, outcome::failure));
  stage.update({c, b, a});
  CHECK(stage.balancer.in_flight(b) == 1);
  CHECK(stage.balancer.ejected(stage.now) == 1);
  CHECK(stage.call(c, outcome::failure));
}

TEST_CASE("One that left is picked no more, but is known until what was sent to it has ended") {
  balancer_stage stage{{a, b}};
  stage.balancer.begin(a);
  stage.balancer.begin(a);
  stage.update({b});
  CHECK(stage.balancer.addresses() == 1);
  CHECK_FALSE(stage.balancer.knows(a));
  CHECK(stage.shares(100)[b] == 1000);
  CHECK(stage.shares(100, {b})[b] == 1000);
  CHECK(stage.balancer.in_flight(a) == 2);
  CHECK_FALSE(stage.balancer.end(a, outcome::connect_failure, stage.now));
  CHECK(stage.balancer.in_flight(a) == 1);
  CHECK_FALSE(stage.balancer.end(a, outcome::connect_failure, stage.now));
  CHECK(stage.balancer.in_flight(a) == 0);
}

TEST_CASE("One that comes back while something is in flight keeps that, and joins slowly and without old failures") {
  balancer_stage stage{{a, b}};
  REQUIRE_FALSE(stage.call(a, outcome::connect_failure));
  REQUIRE_FALSE(stage.calls(3, a, outcome::failure));
  stage.balancer.begin(a);
  stage.update({b});
  stage.update({a, b});
  CHECK(stage.balancer.in_flight(a) == 1);
  CHECK(stage.balancer.knows(a));
  CHECK_FALSE(stage.balancer.end(a, outcome::connect_failure, stage.now));
  CHECK(stage.shares()[a] == Approx(50).epsilon(0.1));
}

TEST_CASE("One that left with nothing in flight, or after that has ended, is forgotten") {
  const bool in_flight = GENERATE(false, true);
  balancer_stage stage{{a, b}};
  CHECK(stage.ejection(a) == 30s);
  if (in_flight) stage.balancer.begin(a);
  stage.update({b});
  if (in_flight) stage.balancer.end(a, outcome::none, stage.now);
  stage.update({a, b});
  CHECK(stage.ejection(a) == 30s);
}

TEST_CASE("A request may begin after its address has left") {
  balancer_stage stage{{a, b}};
  stage.update({b});
  stage.balancer.begin(a);
  CHECK(stage.balancer.in_flight(a) == 1);
  CHECK_FALSE(stage.balancer.knows(a));
  CHECK(stage.balancer.addresses() == 1);
  CHECK(stage.shares(100)[b] == 1000);
  CHECK_FALSE(stage.balancer.end(a, outcome::success, stage.now));
  CHECK(stage.balancer.in_flight(a) == 0);
}

TEST_CASE("Nothing is known of an address that was never named") {
  balancer_stage stage{{a}};
  CHECK_FALSE(stage.balancer.knows(b));
  CHECK(stage.balancer.in_flight(b) == 0);
}

TEST_CASE("Whatever happens, what is picked is listed, and ejected only by its own failures, and never all are") {
  random_source random{GENERATE(range(std::uint64_t{0}, std::uint64_t{40}))};
  load_balancer balancer{{}};
  std::vector<endpoint> listed;
  std::vector<endpoint> running;
  std::map<endpoint, int> failures;
  auto now = start;
  const auto update = [&] {
    listed.clear();
    for (unsigned i = 0; i < 6; ++i) {
      if (random.chance(0.6)) listed.push_back(address(i));
    }
    balancer.update(listed, now);
  };
  update();
  for (int i = 0; i < 3000; ++i) {
    now += random.chance(0.01) ? random.between(0s, 60s) : random.between(0s, 200ms);
    if (random.chance(0.02)) update();
    REQUIRE(balancer.addresses() == listed.size());
    REQUIRE((listed.empty() || balancer.ejected(now) < listed.size()));
    const auto where = balancer.pick({}, now, random);
    REQUIRE(where.has_value() == !listed.empty());
    if (where) {
      REQUIRE(std::ranges::find(listed, *where) != listed.end());
      balancer.begin(*where);
      running.push_back(*where);
    }
    while (running.size() > 8 || (!running.empty() && random.chance(0.4))) {
      std::swap(running[random.below(running.size())], running.back());
      const auto at = running.back();
      running.pop_back();
      const auto what = static_cast<outcome>(random.below(4));
      auto& in_a_row = failures[at];
      if (what == outcome::success) in_a_row = 0;
      if (what == outcome::failure || what == outcome::connect_failure) ++in_a_row;
      const auto before = balancer.ejected(now);
      const bool ejects = balancer.end(at, what, now);
      REQUIRE(balancer.ejected(now) == before + (ejects ? 1 : 0));
      if (ejects) REQUIRE(in_a_row >= 2);
    }
    for (unsigned number = 0; number < 6; ++number) {
      REQUIRE(balancer.in_flight(address(number)) ==
              static_cast<std::size_t>(std::ranges::count(running, address(number))));
    }
  }
}

}  // namespace
}  // namespace cohort::test

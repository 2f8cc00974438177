#include "core/policy/load_balancer.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <map>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;
using policy::load_balancer;
using endpoint = load_balancer::endpoint;
using outcome = load_balancer::outcome;

constexpr time_point start{1h};

endpoint address(unsigned number) { return {boost::asio::ip::address_v4{0x0A000000U + number}, 80}; }
const endpoint a = address(1);
const endpoint b = address(2);
const endpoint c = address(3);

class stage {
 public:
  explicit stage(std::vector<endpoint> addresses, load_balancer::settings how = {}) : balancer(how) {
    balancer.update(addresses, now);
  }

  void update(std::vector<endpoint> addresses) { balancer.update(addresses, now); }
  std::optional<endpoint> pick(const std::vector<endpoint>& avoid = {}) { return balancer.pick(avoid, now, random); }
  bool call(const endpoint& where, outcome what) {
    balancer.begin(where);
    return balancer.end(where, what, now);
  }
  /// So many in a row, the last of which may eject it.
  bool calls(int count, const endpoint& where, outcome what) {
    for (int i = 1; i < count; ++i) REQUIRE_FALSE(call(where, what));
    return call(where, what);
  }
  /// How the picks are shared out, in thousandths.
  std::map<endpoint, int> shares(int picks = 30'000, const std::vector<endpoint>& avoid = {}) {
    std::map<endpoint, int> counts;
    for (int i = 0; i < picks; ++i) {
      const auto where = pick(avoid);
      ++counts[*where];
      call(*where, outcome::none);
    }
    for (auto& [where, count] : counts) count = count * 1000 / picks;
    return counts;
  }

  load_balancer balancer;
  time_point now = start;
  random_source random{1};
};

auto about(int wanted) { return Approx(wanted).epsilon(0.05); }

TEST_CASE("Without an address there is nothing to pick") {
  stage stage{{}};
  CHECK_FALSE(stage.pick().has_value());
  CHECK_FALSE(stage.pick({a}).has_value());
  CHECK(stage.balancer.addresses() == 0);
  stage.update({a});
  stage.update({});
  CHECK_FALSE(stage.pick().has_value());
}

TEST_CASE("A single address is always picked") {
  stage stage{{a}};
  CHECK(stage.pick() == a);
  CHECK(stage.pick({a}) == a);
  CHECK(stage.pick({b}) == a);
}

TEST_CASE("Idle addresses get the same share") {
  const auto count = GENERATE(2U, 3U, 7U);
  std::vector<endpoint> addresses;
  for (unsigned i = 0; i < count; ++i) addresses.push_back(address(i));
  stage stage{addresses};
  auto shares = stage.shares();
  REQUIRE(shares.size() == count);
  for (const auto& [where, share] : shares) CHECK(share == Approx(1000.0 / count).epsilon(0.06));
}

TEST_CASE("An address named twice counts once") {
  stage stage{{a, b, a, a}};
  CHECK(stage.balancer.addresses() == 2);
  auto shares = stage.shares();
  CHECK(shares[a] == about(500));
}

TEST_CASE("Of two drawn by chance the one with less to do is picked") {
  stage stage{{a, b, c}};
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
  stage stage{{a, b, c}};
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
  stage stage{{a, b, c}};
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
  stage stage{{a, b, c}};
  REQUIRE(stage.calls(2, b, outcome::connect_failure));
  CHECK(stage.shares(1000, {a})[c] == 1000);
  CHECK(stage.shares(1000, {a, c})[b] == 1000);
  const auto shares = stage.shares(1000, {a, b, c});
  CHECK_FALSE(shares.contains(b));
}

TEST_CASE("An address is ejected for what it does in a row") {
  const auto [what, times] = GENERATE(table<outcome, int>({{outcome::failure, 5}, {outcome::connect_failure, 2}}));
  stage stage{{a, b, c}};
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
  stage stage{{a, b}};
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK_FALSE(stage.call(a, outcome::failure));
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK_FALSE(stage.call(a, outcome::failure));
  CHECK(stage.call(a, outcome::connect_failure));  // the fifth failure of either kind
}

TEST_CASE("One's failures are not another's") {
  stage stage{{a, b, c}};
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(stage.call(a, outcome::failure));
    CHECK_FALSE(stage.call(b, outcome::failure));
  }
  CHECK(stage.call(a, outcome::failure));
  CHECK(stage.balancer.ejected(stage.now) == 1);
}

TEST_CASE("The last one is never ejected") {
  stage stage{{a, b}};
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(stage.call(b, outcome::connect_failure));
  CHECK(stage.pick() == b);
  CHECK(stage.balancer.ejected(stage.now) == 1);
  // Once the other is back it takes one more.
  stage.now += 30s;
  CHECK(stage.call(b, outcome::connect_failure));
  CHECK(stage.pick() == a);
}

TEST_CASE("A listed address does not become the last by the ejected leaving or the others leaving") {
  stage stage{{a, b}};
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  stage.update({a});
  CHECK(stage.pick() == a);
  CHECK(stage.balancer.ejected(stage.now) == 0);
}

TEST_CASE("An ejected one is tried again after its time, with little at first") {
  stage stage{{a, b, c}};
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
  stage stage{{a, b}};
  REQUIRE(stage.calls(5, a, outcome::failure));
  stage.now += 30s;
  CHECK(stage.calls(5, a, outcome::failure));
  stage.now += 60s;
  CHECK(stage.calls(2, a, outcome::connect_failure));
}

TEST_CASE("What ends while it is ejected tells nothing new") {
  stage stage{{a, b}};
  for (int i = 0; i < 10; ++i) stage.balancer.begin(a);
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(stage.balancer.end(a, outcome::connect_failure, start + 20s));
  CHECK(stage.balancer.in_flight(a) == 0);
  CHECK(stage.balancer.ejected(start + 30s) == 0);
  stage.now = start + 30s;
  CHECK_FALSE(stage.call(a, outcome::connect_failure));
  CHECK(stage.call(a, outcome::connect_failure));
}

/// How long it is ejected by what it does now.
duration ejection(stage& stage, const endpoint& where) {
  REQUIRE(stage.calls(2, where, outcome::connect_failure));
  const auto since = stage.now;
  while (stage.balancer.ejected(stage.now) > 0) stage.now += 1s;
  return stage.now - since;
}

TEST_CASE("Each ejection is longer than the one before, up to five minutes") {
  stage stage{{a, b}};
  for (int i = 1; i <= 15; ++i) CHECK(ejection(stage, a) == std::min(30s * i, 300s));
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
  stage stage{{a, b}};
  for (int i = 0; i < 4; ++i) ejection(stage, a);
  stage.now += well;
  CHECK(ejection(stage, a) == then);
}

TEST_CASE("However often it was ejected, an hour makes it good") {
  stage stage{{a, b}};
  for (int i = 0; i < 1000; ++i) ejection(stage, a);
  stage.now += 1h;
  CHECK(ejection(stage, a) == 30s);
}

TEST_CASE("The first addresses have their full share at once, those that join them do not") {
  stage stage{{a}};
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
  stage stage{{a, b}};
  for (int i = 0; i < 10; ++i) stage.balancer.begin(a);
  stage.update({a, b, c});
  stage.update({a, c});
  CHECK(stage.shares()[c] == about(100));
}

TEST_CASE("Addresses that replace all others have their full share at once") {
  stage stage{{a}};
  stage.balancer.begin(a);
  stage.update({});
  stage.now += 1min;
  stage.update({b});
  stage.update({b, c});
  CHECK(stage.shares()[c] == Approx(50).epsilon(0.1));
  CHECK(stage.shares()[b] == Approx(950).epsilon(0.1));
}

TEST_CASE("Without a slow start a newcomer has its full share at once") {
  stage stage{{a}, {.slow_start = 0s}};
  stage.now += 1min;
  stage.update({a, b});
  CHECK(stage.shares()[b] == about(500));
}

TEST_CASE("Those that stay keep what is known of them") {
  stage stage{{a, b, c}};
  stage.balancer.begin(b);
  REQUIRE(stage.calls(2, a, outcome::connect_failure));
  REQUIRE_FALSE(stage.calls(4, c, outcome::failure));
  stage.update({c, b, a});
  CHECK(stage.balancer.in_flight(b) == 1);
  CHECK(stage.balancer.ejected(stage.now) == 1);
  CHECK(stage.call(c, outcome::failure));
}

TEST_CASE("One that left is picked no more, but is known until what was sent to it has ended") {
  stage stage{{a, b}};
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
  stage stage{{a, b}};
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
  stage stage{{a, b}};
  CHECK(ejection(stage, a) == 30s);
  if (in_flight) stage.balancer.begin(a);
  stage.update({b});
  if (in_flight) stage.balancer.end(a, outcome::none, stage.now);
  stage.update({a, b});
  CHECK(ejection(stage, a) == 30s);
}

TEST_CASE("A request may begin after its address has left") {
  stage stage{{a, b}};
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
  stage stage{{a}};
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
}  // namespace cohort

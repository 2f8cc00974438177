// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/timer_wheel.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

using test::tick;
constexpr time_point start{1h};

/// A wheel, its current time, and timers that log their expiry.
struct wheel_fixture {
  struct test_timer {
    test_timer(wheel_fixture& owning_fixture, std::string timer_name)
        : owner(owning_fixture), name(std::move(timer_name)), timer(owning_fixture.wheel, this) {}
    void on_expiry() {
      owner.calls.push_back(name);
      if (action) action();
    }

    wheel_fixture& owner;
    std::string name;
    std::function<void()> action;
    bound_timer<&test_timer::on_expiry> timer;
  };

  void advance(duration delay) {
    now += delay;
    wheel.advance(now);
  }
  /// Advances from one `next_wakeup` to the next up to `end`, as a loop does. Returns the number of wakeups.
  int advance_to(time_point end) {
    int wakeup_count = 0;
    for (auto wakeup = wheel.next_wakeup(); wakeup && *wakeup <= end; wakeup = wheel.next_wakeup()) {
      now = std::max(now, *wakeup);
      wheel.advance(now);
      ++wakeup_count;
    }
    return wakeup_count;
  }

  time_point now = start;
  timer_wheel wheel{start};
  std::vector<std::string> calls;
};

using timer_names = std::vector<std::string>;

TEST_CASE("timer_wheel: timers expire in the order of their expiry, not of arming", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer late_timer{fixture, "late"}, first_timer{fixture, "first"}, middle_timer{fixture, "middle"};
  late_timer.timer.arm(start + 2h);
  first_timer.timer.arm(start + 1ms);
  middle_timer.timer.arm(start + 1s);

  fixture.advance(3h);

  CHECK(fixture.calls == timer_names{"first", "middle", "late"});
}

TEST_CASE("timer_wheel: a disarmed or postponed timer does not wake the loop at its old expiry", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer first_timer{fixture, "first"}, other{fixture, "other"};
  first_timer.timer.arm(start + 1ms);
  other.timer.arm(start + 10ms);

  SECTION("disarmed") {
    other.timer.disarm();
    fixture.advance(2ms);
    CHECK_FALSE(fixture.wheel.next_wakeup());
  }
  SECTION("postponed") {
    other.timer.arm(start + 1h);
    fixture.advance(2ms);
    CHECK(fixture.wheel.next_wakeup().value() >= start + 1h);
  }
  SECTION("postponed beyond the range of the wheel") {
    other.timer.arm(start + 24h * 365);
    fixture.advance(2ms);
    CHECK(fixture.wheel.next_wakeup().value() >= start + 24h);
  }
  SECTION("armed again") {
    other.timer.disarm();
    other.timer.arm(start + 10ms);
    CHECK(fixture.advance_to(start + 1h) <= 3);
    CHECK(fixture.calls == timer_names{"first", "other"});
  }
}

TEST_CASE("timer_wheel: a timer expires at most one tick after its expiry, and never before", "[runtime][timer]") {
  const auto delay = GENERATE(
      values<duration>({1ns, tick - 1ns, tick, tick + 1ns, 63 * tick, 64 * tick, 65 * tick, 4097 * tick, 1s, 1h, 24h}));
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + delay);

  fixture.wheel.advance(start + delay - 1ns);
  CHECK(fixture.calls.empty());
  fixture.wheel.advance(start + delay + tick);
  CHECK(fixture.calls == timer_names{"expired"});
}

TEST_CASE("timer_wheel: a timer expires once", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + 1ms);
  CHECK(test_timer.timer.armed());

  fixture.advance(2ms);
  fixture.advance(1h);

  CHECK(fixture.calls == timer_names{"expired"});
  CHECK_FALSE(test_timer.timer.armed());
  CHECK(fixture.wheel.armed_count() == 0);
}

TEST_CASE("timer_wheel: a timer armed for the past expires at the next advance", "[runtime][timer]") {
  wheel_fixture fixture;
  fixture.advance(1h);
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start);

  REQUIRE(fixture.wheel.next_wakeup().has_value());
  CHECK(*fixture.wheel.next_wakeup() <= fixture.now);
  fixture.advance(0s);
  CHECK(fixture.calls == timer_names{"expired"});
}

TEST_CASE("timer_wheel: re-arming a timer for a later time replaces its expiry", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + 1ms);
  test_timer.timer.arm(start + 1h);

  fixture.advance(1ms + tick);
  CHECK(fixture.calls.empty());
  CHECK(fixture.wheel.armed_count() == 1);
  fixture.advance(1h);
  CHECK(fixture.calls == timer_names{"expired"});
}

TEST_CASE("timer_wheel: re-arming a timer for an earlier time replaces its expiry", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + 1h);
  test_timer.timer.arm(start + 1ms);

  fixture.advance(1ms + tick);
  CHECK(fixture.calls == timer_names{"expired"});
  fixture.advance(2h);
  CHECK(fixture.calls.size() == 1);
}

TEST_CASE("timer_wheel: postponing a timer repeatedly causes no wakeups", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer idle_timer{fixture, "idle"};
  for (int request = 0; request < 1000; ++request) {
    idle_timer.timer.arm(fixture.now + 10s);
    fixture.advance(1ms);
  }

  // The remaining wakeups move one timer from level to level.
  CHECK(fixture.advance_to(start + 12s) <= 6);
  CHECK(fixture.calls == timer_names{"idle"});
}

TEST_CASE("timer_wheel: a timer armed after a long idle period causes no early wakeups", "[runtime][timer]") {
  wheel_fixture fixture;
  fixture.advance(24h);
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(fixture.now + 1ms);

  REQUIRE(fixture.wheel.next_wakeup().has_value());
  CHECK(*fixture.wheel.next_wakeup() > fixture.now);
  CHECK(fixture.advance_to(fixture.now + 2ms) <= 2);
}

TEST_CASE("timer_wheel: a disarmed timer does not expire and can be armed again", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + 1ms);
  test_timer.timer.disarm();
  CHECK_FALSE(test_timer.timer.armed());
  CHECK(fixture.wheel.armed_count() == 0);
  fixture.advance(1s);
  CHECK(fixture.calls.empty());
  CHECK_FALSE(fixture.wheel.next_wakeup().has_value());

  test_timer.timer.arm(fixture.now + 1ms);
  fixture.advance(2ms);
  CHECK(fixture.calls == timer_names{"expired"});
}

TEST_CASE("timer_wheel: a timer destroyed while armed does not expire", "[runtime][timer]") {
  wheel_fixture fixture;
  {
    wheel_fixture::test_timer test_timer{fixture, "destroyed"};
    test_timer.timer.arm(start + 1ms);
  }
  CHECK(fixture.wheel.armed_count() == 0);
  CHECK_FALSE(fixture.wheel.next_wakeup().has_value());
  fixture.advance(1s);
  CHECK(fixture.calls.empty());
}

TEST_CASE("timer_wheel: a callback can destroy its own timer", "[runtime][timer]") {
  wheel_fixture fixture;
  auto test_timer = std::make_unique<wheel_fixture::test_timer>(fixture, "expired");
  test_timer->action = [&test_timer] {
    // The running function is a member of the destroyed object and must be moved out first.
    const auto alive = std::move(test_timer->action);
    test_timer.reset();
  };
  test_timer->timer.arm(start + 1ms);

  fixture.advance(1s);

  CHECK(fixture.calls == timer_names{"expired"});
  CHECK(test_timer == nullptr);
}

TEST_CASE("timer_wheel: a callback can destroy or disarm another timer of the same tick", "[runtime][timer]") {
  const bool destroys_timer = GENERATE(true, false);
  CAPTURE(destroys_timer);
  wheel_fixture fixture;
  wheel_fixture::test_timer first{fixture, "first"}, third{fixture, "third"};
  auto second = std::make_unique<wheel_fixture::test_timer>(fixture, "second");
  first.action = [&] { destroys_timer ? second.reset() : second->timer.disarm(); };
  for (auto* owner : {&first, second.get(), &third}) owner->timer.arm(start + 1ms);

  fixture.advance(1s);

  CHECK(fixture.calls == timer_names{"first", "third"});
}

TEST_CASE("timer_wheel: a callback can re-arm another timer of the same tick", "[runtime][timer]") {
  const auto shift = GENERATE(values<duration>({-1h, 1s, 2h}));
  CAPTURE(shift.count());
  wheel_fixture fixture;
  wheel_fixture::test_timer first{fixture, "first"}, second{fixture, "second"};
  first.action = [&] { second.timer.arm(fixture.now + shift); };
  for (auto* owner : {&first, &second}) owner->timer.arm(start + 1ms);

  fixture.advance(1ms + tick);
  CHECK(fixture.calls.front() == "first");
  fixture.advance(3h);
  CHECK(fixture.calls == timer_names{"first", "second"});
}

TEST_CASE("timer_wheel: a callback can re-arm its own timer periodically", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "timer"};
  test_timer.action = [&] { test_timer.timer.arm(fixture.now + 10ms); };
  test_timer.timer.arm(start + 10ms);

  fixture.advance_to(start + 101ms);

  CHECK(fixture.calls.size() == 10);
}

TEST_CASE("timer_wheel: advance returns even if a callback re-arms its timer for a time in the past",
          "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "timer"};
  test_timer.action = [&] { test_timer.timer.arm(start); };
  test_timer.timer.arm(start + 1ms);

  fixture.advance(1s);
  CHECK(fixture.calls.size() == 1);
  fixture.advance(0s);
  CHECK(fixture.calls.size() == 2);
}

TEST_CASE("timer_wheel: timers beyond the wheel's range expire on time", "[runtime][timer]") {
  const auto delay = GENERATE(values<duration>({6 * 24h, 8 * 24h, 13 * 24h, 30 * 24h, 3650 * 24h}));
  CAPTURE(std::chrono::duration_cast<std::chrono::hours>(delay).count());
  wheel_fixture fixture;
  wheel_fixture::test_timer late_timer{fixture, "far"};
  late_timer.timer.arm(start + delay);

  fixture.advance_to(start + delay - 1ns);
  CHECK(fixture.calls.empty());
  fixture.advance_to(start + delay + tick);
  CHECK(fixture.calls == timer_names{"far"});
}

TEST_CASE("timer_wheel: timers keep their order when the top level wraps around", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer late_timer{fixture, "far"}, early_timer{fixture, "near"};
  late_timer.timer.arm(start + 9 * 24h);
  fixture.advance_to(start + 8 * 24h);
  early_timer.timer.arm(start + 8 * 24h + 1h);

  fixture.advance_to(start + 10 * 24h);

  CHECK(fixture.calls == timer_names{"near", "far"});
}

TEST_CASE("timer_wheel: arming for time_point::max() disarms the timer", "[runtime][timer]") {
  wheel_fixture fixture;
  wheel_fixture::test_timer test_timer{fixture, "expired"};
  test_timer.timer.arm(start + 1ms);
  test_timer.timer.arm(time_point::max());

  CHECK_FALSE(test_timer.timer.armed());
  fixture.advance(24h);
  CHECK(fixture.calls.empty());
}

TEST_CASE("timer_wheel: on_earlier_wakeup is called only when the next wakeup becomes earlier", "[runtime][timer]") {
  wheel_fixture fixture;
  std::vector<time_point> reported_wakeups;
  fixture.wheel.on_earlier_wakeup([&](time_point wakeup) { reported_wakeups.push_back(wakeup); });
  wheel_fixture::test_timer first{fixture, "first"}, later{fixture, "later"}, sooner{fixture, "sooner"};

  first.timer.arm(start + 10ms);
  CHECK(reported_wakeups.size() == 1);
  later.timer.arm(start + 20ms);
  CHECK(reported_wakeups.size() == 1);
  sooner.timer.arm(start + 100us);
  REQUIRE(reported_wakeups.size() == 2);
  CHECK(reported_wakeups.back() >= start);
  CHECK(reported_wakeups.back() < start + 100us + tick);
  sooner.timer.arm(start + 5ms);
  CHECK(reported_wakeups.size() == 2);
}

}  // namespace
}  // namespace cohort

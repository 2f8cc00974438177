#include "core/runtime/timer_wheel.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cohort {
namespace {

using namespace std::chrono_literals;

constexpr duration tick{1 << 14};
constexpr time_point start{1h};

/// A wheel with the moment it was last driven to, and timers that say when they were called.
struct bench {
  struct probe {
    probe(bench& home, std::string called) : owner(home), name(std::move(called)), clock(home.wheel, this) {}
    void on_due() {
      owner.calls.push_back(name);
      if (then) then();
    }

    bench& owner;
    std::string name;
    std::function<void()> then;
    bound_timer<&probe::on_due> clock;
  };

  void advance(duration span) {
    now += span;
    wheel.advance(now);
  }
  /// Sleeps as a loop does, from one `next_due` to the next, until `until`; says how often it woke.
  int sleep_to(time_point until) {
    int wakes = 0;
    for (auto due = wheel.next_due(); due && *due <= until; due = wheel.next_due()) {
      now = std::max(now, *due);
      wheel.advance(now);
      ++wakes;
    }
    return wakes;
  }

  time_point now = start;
  timer_wheel wheel{start};
  std::vector<std::string> calls;
};

using names = std::vector<std::string>;

TEST_CASE("Timers are called in the order of their moments, whatever the order of arming") {
  bench b;
  bench::probe late{b, "late"}, soon{b, "soon"}, middle{b, "middle"};
  late.clock.arm(start + 2h);
  soon.clock.arm(start + 1ms);
  middle.clock.arm(start + 1s);

  b.advance(3h);

  CHECK(b.calls == names{"soon", "middle", "late"});
}

TEST_CASE("A timer is never called early, and late by a tick at most") {
  const auto span = GENERATE(
      values<duration>({1ns, tick - 1ns, tick, tick + 1ns, 63 * tick, 64 * tick, 65 * tick, 4097 * tick, 1s, 1h, 24h}));
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + span);

  b.wheel.advance(start + span - 1ns);
  CHECK(b.calls.empty());
  b.wheel.advance(start + span + tick);
  CHECK(b.calls == names{"called"});
}

TEST_CASE("A timer is called once") {
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + 1ms);
  CHECK(probe.clock.armed());

  b.advance(2ms);
  b.advance(1h);

  CHECK(b.calls == names{"called"});
  CHECK_FALSE(probe.clock.armed());
  CHECK(b.wheel.armed_count() == 0);
}

TEST_CASE("A moment that has passed is due at once") {
  bench b;
  b.advance(1h);
  bench::probe probe{b, "called"};
  probe.clock.arm(start);

  REQUIRE(b.wheel.next_due().has_value());
  CHECK(*b.wheel.next_due() <= b.now);
  b.advance(0s);
  CHECK(b.calls == names{"called"});
}

TEST_CASE("Arming again for later replaces the earlier moment") {
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + 1ms);
  probe.clock.arm(start + 1h);

  b.advance(1ms + tick);
  CHECK(b.calls.empty());
  CHECK(b.wheel.armed_count() == 1);
  b.advance(1h);
  CHECK(b.calls == names{"called"});
}

TEST_CASE("Arming again for earlier replaces the later moment") {
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + 1h);
  probe.clock.arm(start + 1ms);

  b.advance(1ms + tick);
  CHECK(b.calls == names{"called"});
  b.advance(2h);
  CHECK(b.calls.size() == 1);
}

TEST_CASE("Moving a deadline ahead with every request costs no wake-up of its own") {
  bench b;
  bench::probe idle{b, "idle"};
  for (int request = 0; request < 1000; ++request) {
    idle.clock.arm(b.now + 10s);
    b.advance(1ms);
  }

  // From here on only the cascade of one timer, level by level, may wake the loop.
  CHECK(b.sleep_to(start + 12s) <= 6);
  CHECK(b.calls == names{"idle"});
}

TEST_CASE("After an idle day a new timer wakes nobody before it is near") {
  bench b;
  b.advance(24h);
  bench::probe probe{b, "called"};
  probe.clock.arm(b.now + 1ms);

  REQUIRE(b.wheel.next_due().has_value());
  CHECK(*b.wheel.next_due() > b.now);
  CHECK(b.sleep_to(b.now + 2ms) <= 2);
}

TEST_CASE("A disarmed timer is not called, and can be armed again") {
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + 1ms);
  probe.clock.disarm();
  CHECK_FALSE(probe.clock.armed());
  CHECK(b.wheel.armed_count() == 0);
  b.advance(1s);
  CHECK(b.calls.empty());
  CHECK_FALSE(b.wheel.next_due().has_value());

  probe.clock.arm(b.now + 1ms);
  b.advance(2ms);
  CHECK(b.calls == names{"called"});
}

TEST_CASE("A timer that is destroyed while armed is not called") {
  bench b;
  {
    bench::probe gone{b, "gone"};
    gone.clock.arm(start + 1ms);
  }
  CHECK(b.wheel.armed_count() == 0);
  CHECK_FALSE(b.wheel.next_due().has_value());
  b.advance(1s);
  CHECK(b.calls.empty());
}

TEST_CASE("A callback may destroy its own timer") {
  bench b;
  auto probe = std::make_unique<bench::probe>(b, "called");
  probe->then = [&probe] {
    // The function that runs is part of what is destroyed: it must be moved out first.
    const auto alive = std::move(probe->then);
    probe.reset();
  };
  probe->clock.arm(start + 1ms);

  b.advance(1s);

  CHECK(b.calls == names{"called"});
  CHECK(probe == nullptr);
}

TEST_CASE("A callback may destroy or disarm another timer of the same tick") {
  const bool destroy = GENERATE(true, false);
  CAPTURE(destroy);
  bench b;
  bench::probe first{b, "first"}, third{b, "third"};
  auto second = std::make_unique<bench::probe>(b, "second");
  first.then = [&] { destroy ? second.reset() : second->clock.disarm(); };
  for (auto* each : {&first, second.get(), &third}) each->clock.arm(start + 1ms);

  b.advance(1s);

  CHECK(b.calls == names{"first", "third"});
}

TEST_CASE("A callback may move another timer of the same tick") {
  const auto moved_by = GENERATE(values<duration>({-1h, 1s, 2h}));
  CAPTURE(moved_by.count());
  bench b;
  bench::probe first{b, "first"}, second{b, "second"};
  first.then = [&] { second.clock.arm(b.now + moved_by); };
  for (auto* each : {&first, &second}) each->clock.arm(start + 1ms);

  b.advance(1ms + tick);
  CHECK(b.calls.front() == "first");
  b.advance(3h);
  CHECK(b.calls == names{"first", "second"});
}

TEST_CASE("A callback may arm its own timer again, and a period keeps its pace") {
  bench b;
  bench::probe probe{b, "tick"};
  probe.then = [&] { probe.clock.arm(b.now + 10ms); };
  probe.clock.arm(start + 10ms);

  b.sleep_to(start + 101ms);

  CHECK(b.calls.size() == 10);
}

TEST_CASE("A callback that always arms for the past does not keep advance from returning") {
  bench b;
  bench::probe probe{b, "again"};
  probe.then = [&] { probe.clock.arm(start); };
  probe.clock.arm(start + 1ms);

  b.advance(1s);
  CHECK(b.calls.size() == 1);
  b.advance(0s);
  CHECK(b.calls.size() == 2);
}

TEST_CASE("Timers beyond the wheel's horizon are called at their moment") {
  const auto span = GENERATE(values<duration>({6 * 24h, 8 * 24h, 13 * 24h, 30 * 24h, 3650 * 24h}));
  CAPTURE(std::chrono::duration_cast<std::chrono::hours>(span).count());
  bench b;
  bench::probe far{b, "far"};
  far.clock.arm(start + span);

  b.sleep_to(start + span - 1ns);
  CHECK(b.calls.empty());
  b.sleep_to(start + span + tick);
  CHECK(b.calls == names{"far"});
}

TEST_CASE("A far timer and a near one armed later keep their order across the wheel's turn") {
  bench b;
  bench::probe far{b, "far"}, near{b, "near"};
  far.clock.arm(start + 9 * 24h);
  b.sleep_to(start + 8 * 24h);
  near.clock.arm(start + 8 * 24h + 1h);

  b.sleep_to(start + 10 * 24h);

  CHECK(b.calls == names{"near", "far"});
}

TEST_CASE("The end of all time means never") {
  bench b;
  bench::probe probe{b, "called"};
  probe.clock.arm(start + 1ms);
  probe.clock.arm(time_point::max());

  CHECK_FALSE(probe.clock.armed());
  b.advance(24h);
  CHECK(b.calls.empty());
}

TEST_CASE("Whoever sleeps hears of a timer that is due before all others, and only of that") {
  bench b;
  std::vector<time_point> told;
  b.wheel.on_earlier([&](time_point due) { told.push_back(due); });
  bench::probe first{b, "first"}, later{b, "later"}, sooner{b, "sooner"};

  first.clock.arm(start + 10ms);
  CHECK(told.size() == 1);
  later.clock.arm(start + 20ms);
  CHECK(told.size() == 1);
  sooner.clock.arm(start + 100us);
  REQUIRE(told.size() == 2);
  CHECK(told.back() >= start);
  CHECK(told.back() < start + 100us + tick);
  sooner.clock.arm(start + 5ms);
  CHECK(told.size() == 2);
}

}  // namespace
}  // namespace cohort

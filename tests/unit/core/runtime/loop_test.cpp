#include "core/runtime/loop.hpp"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "core/runtime/virtual_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

struct alarm_clock {
  alarm_clock(loop& home, std::function<void()> act) : then(std::move(act)), clock(home.timers(), this) {}
  void on_due() { then(); }

  std::function<void()> then;
  bound_timer<&alarm_clock::on_due> clock;
};

TEST_CASE("A loop on the machine's clock calls its timers in order, and never early") {
  loop home;
  std::vector<int> calls;
  std::vector<time_point> when;
  const auto start = home.now();
  alarm_clock last(home, [&] { home.stop(); });
  alarm_clock second(home, [&] {
    calls.push_back(2);
    when.push_back(home.now());
  });
  alarm_clock first(home, [&] {
    calls.push_back(1);
    when.push_back(home.now());
  });
  last.clock.arm(start + 15ms);
  second.clock.arm(start + 10ms);
  first.clock.arm(start + 5ms);

  home.run();

  CHECK(calls == std::vector{1, 2});
  CHECK(when.at(0) >= start + 5ms);
  CHECK(when.at(1) >= start + 10ms);
  CHECK(home.now() >= start + 15ms);
}

TEST_CASE("A loop that sleeps wakes for a timer armed meanwhile that is due before the one it sleeps for") {
  loop home;
  bool called = false;
  alarm_clock far(home, [&] { home.stop(); });
  alarm_clock near(home, [&] {
    called = true;
    home.stop();
  });
  far.clock.arm(home.now() + 10min);
  std::thread other([&] { asio::post(home.get_executor(), [&] { near.clock.arm(home.now() + 1ms); }); });

  home.run();
  other.join();

  CHECK(called);
}

TEST_CASE("A timer may be armed again and again from its own callback") {
  loop home;
  int left = 20;
  std::function<void()> act;
  alarm_clock again(home, [&] { act(); });
  act = [&] {
    if (--left == 0) return home.stop();
    again.clock.arm(home.now() + 100us);
  };
  again.clock.arm(home.now());

  home.run();
  CHECK(left == 0);
}

TEST_CASE("What other threads hand over arrives on the loop's own thread, in each one's order") {
  loop home;
  constexpr int each = 1000;
  constexpr int threads = 3;
  std::vector<std::vector<int>> seen(threads);
  std::atomic<int> elsewhere = 0;
  int arrived = 0;
  const auto self = std::this_thread::get_id();
  std::vector<std::jthread> others;
  for (int who = 0; who < threads; ++who) {
    others.emplace_back([&, who] {
      for (int i = 0; i < each; ++i) {
        asio::post(home.get_executor(), [&, who, i] {
          if (std::this_thread::get_id() != self || &loop::current() != &home) ++elsewhere;
          seen[static_cast<std::size_t>(who)].push_back(i);
          if (++arrived == threads * each) home.stop();
        });
      }
    });
  }

  home.run();

  CHECK(elsewhere == 0);
  for (const auto& numbers : seen) {
    REQUIRE(numbers.size() == each);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_CASE("A loop with nothing to do runs until it is stopped, from any thread") {
  loop home;
  std::jthread other([&] { home.stop(); });
  home.run();
  SUCCEED("it came back");
}

TEST_CASE("A loop stopped before it runs does not begin") {
  loop home;
  bool ran = false;
  asio::post(home.get_executor(), [&] { ran = true; });
  home.stop();
  home.run();
  CHECK_FALSE(ran);
}

TEST_CASE("The current loop is the one whose code runs, also for one inside another") {
  CHECK(loop::current_or_null() == nullptr);
  loop outer(machine_clock(), 3);
  virtual_time inside;
  std::vector<loop*> seen;
  asio::post(inside.main_loop().get_executor(), [&] { seen.push_back(loop::current_or_null()); });
  asio::post(outer.get_executor(), [&] {
    seen.push_back(&loop::current());
    inside.main_loop().poll();
    seen.push_back(&loop::current());
    outer.stop();
  });

  outer.run();

  CHECK(seen == std::vector{&outer, &inside.main_loop(), &outer});
  CHECK(loop::current_or_null() == nullptr);
  CHECK(outer.index() == 3);
}

}  // namespace
}  // namespace cohort

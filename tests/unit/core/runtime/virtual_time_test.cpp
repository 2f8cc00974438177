#include "core/runtime/virtual_time.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/runtime/race.hpp"
#include "core/runtime/when_all.hpp"
#include "core/runtime/with_deadline.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("Time stands still while there is something to do, and jumps when there is not") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(value_now(7)) == 7);
  CHECK(time.now() == start);

  CHECK(time.run(value_after(24h, 8)) == 8);
  CHECK(time.now() - start >= 24h);
  CHECK(time.now() - start <= 24h + tick);
}

TEST_CASE("What a task throws comes out of run") {
  virtual_time time;
  CHECK_THROWS_MATCHES(time.run(fail_after(1ms, "broken")), std::runtime_error, Message("broken"));
}

TEST_CASE("The calendar starts at noon of 1 June 2026 and goes with the time") {
  virtual_time time;
  const wall_time noon{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1} + 12h};
  CHECK(time.main_loop().wall_now() == noon);
  time.run_for(90s);
  CHECK(time.main_loop().wall_now() == noon + 90s);
}

TEST_CASE("Running for a while does what happens until then, and ends at that very moment") {
  virtual_time time;
  journal notes;
  const auto start = time.now();
  lone_task soon(time, note_after(10ms, notes, "soon"));
  lone_task late(time, note_after(1h, notes, "late"));

  time.run_for(1s);
  CHECK(notes == journal{"soon"});
  CHECK(time.now() == start + 1s);
  time.run_for(0s);
  CHECK(time.now() == start + 1s);
  time.run_for(1h);
  CHECK(notes == journal{"soon", "late"});
}

TEST_CASE("Running until idle empties the loop of all that is to happen by itself") {
  virtual_time time;
  journal notes;
  lone_task one(time, note_after(10ms, notes, "one"));
  lone_task two(time, note_after(48h, notes, "two"));
  time.run_until_idle();
  CHECK(notes == journal{"one", "two"});
  CHECK_FALSE(time.main_loop().timers().next_due().has_value());
}

task<> wait_for(event& happened, journal& notes) {
  const auto status = co_await happened.wait();
  notes.push_back(status == wait_status::cancelled ? "cancelled" : "happened");
}

task<> set(event& happened) {
  happened.set();
  co_return;
}

TEST_CASE("A task that waits for what can never happen is reported, and is not left behind") {
  virtual_time time;
  event never;
  journal notes;
  CHECK_THROWS_AS(time.run(wait_for(never, notes)), std::logic_error);
  CHECK(notes == journal{"cancelled"});

  // The time goes on to serve others, and what comes too late finds nobody.
  time.run(set(never));
  CHECK(time.run(value_after(1ms, 7)) == 7);
  CHECK(notes == journal{"cancelled"});
}

task<> sleep_forever() { co_await sleep_until(deadline::never()); }

TEST_CASE("A sleep without end is reported too") {
  virtual_time time;
  CHECK_THROWS_AS(time.run(sleep_forever()), std::logic_error);
}

task<std::string> stamp(duration after) {
  const deadline until = deadline::after(loop::current().now(), after);
  auto work = with_deadline(until, value_after(1h, 0));
  const auto answer = co_await std::move(work);
  co_return answer.error() == asio::error::timed_out ? "late" : "in time";
}

TEST_CASE("Stepping the calendar moves no deadline") {
  const auto by = GENERATE_COPY(values<duration>({-24h * 365, -1s, 1s, 24h * 365}));
  CAPTURE(by.count());
  virtual_time time;
  const auto before = time.main_loop().wall_now();
  const auto start = time.now();
  time.step_wall_clock(by);
  CHECK(time.main_loop().wall_now() == before + by);
  CHECK(time.now() == start);

  CHECK(time.run(stamp(10ms)) == "late");
  CHECK(time.now() - start <= 10ms + tick);
}

/// Tasks that sleep, race and are cancelled as a seed decides, and write down what happened when.
task<int> wander(std::mt19937& dice, journal& notes, int depth, std::string name) {
  const auto roll = [&dice](unsigned sides) { return static_cast<int>(dice() % sides); };
  for (int step = 0; step < 4; ++step) {
    const duration pause = roll(5000) * 1us;
    if (depth > 0 && roll(3) == 0) {
      auto left = wander(dice, notes, depth - 1, name + "l");
      auto right = wander(dice, notes, depth - 1, name + "r");
      auto both = race(std::move(left), std::move(right));
      const auto first = co_await std::move(both);
      notes.push_back(name + " race " + std::to_string(first.index()));
    } else {
      const deadline until = deadline::after(loop::current().now(), roll(5000) * 1us);
      auto work = with_deadline(until, value_after(pause, step));
      const auto answer = co_await std::move(work);
      notes.push_back(name + (answer ? " in time " : " late ") +
                      std::to_string(loop::current().now().time_since_epoch().count()));
    }
  }
  co_return 0;
}

journal story(unsigned seed) {
  virtual_time time;
  std::mt19937 dice(seed);
  journal notes;
  std::vector<task<int>> all;
  for (int i = 0; i < 5; ++i) all.push_back(wander(dice, notes, 3, std::to_string(i)));
  time.run(when_all(std::move(all)));
  CHECK(time.main_loop().timers().armed_count() == 0);
  return notes;
}

TEST_CASE("The same seed tells the same story to the nanosecond, and another seed another one") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    const auto first = story(seed);
    CHECK(first.size() >= 20);
    CHECK(first == story(seed));
    CHECK(first != story(seed + 1000));
  }
}

task<> own_a_queue(wait_queue*& shared, bool& gone) {
  struct last_words {
    bool& said;
    ~last_words() { said = true; }
  } words{gone};
  wait_queue queue;
  shared = &queue;
  co_await sleep_for(1ms);
}

task<> wait_in(wait_queue*& shared) { co_await shared->wait(deadline::after(loop::current().now(), 1h)); }

TEST_CASE("A loop may go down while its tasks wait for each other") {
  bool gone = false;
  wait_queue* shared = nullptr;
  detail::child<void> owner;
  detail::child<void> waiter;
  {
    virtual_time time;
    auto& ready = time.main_loop();
    asio::post(ready.get_executor(), [&] {
      detail::start_child(owner, own_a_queue(shared, gone), [] {});
      detail::start_child(waiter, wait_in(shared), [] {});
    });
    ready.poll();
    // The owner is due, its turn is in the queue, and the loop never comes to it.
    asio::post(ready.get_executor(), [&] {
      ready.timers().advance(time.now() + 2ms);
      ready.stop();
    });
    ready.poll();
    CHECK_FALSE(gone);
  }
  CHECK(gone);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/virtual_time.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("virtual_time: time advances only when no handler is ready", "[runtime][time]") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(return_now(7)) == 7);
  CHECK(time.now() == start);

  CHECK(time.run(return_after(24h, 8)) == 8);
  CHECK(time.now() - start >= 24h);
  CHECK(time.now() - start <= 24h + tick);
}

TEST_CASE("virtual_time: run rethrows the task's exception", "[runtime][time]") {
  virtual_time time;
  CHECK_THROWS_MATCHES(time.run(throw_after(1ms, "broken")), std::runtime_error, Message("broken"));
}

TEST_CASE("virtual_time: the wall clock starts at 2026-06-01 12:00 UTC and advances with the time", "[runtime][time]") {
  virtual_time time;
  const wall_time start_time{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1} + 12h};
  CHECK(time.event_loop().wall_now() == start_time);
  time.run_for(90s);
  CHECK(time.event_loop().wall_now() == start_time + 90s);
}

TEST_CASE("virtual_time: run_for runs the timers that expire within its duration and ends exactly at its end",
          "[runtime][time]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  spawned_task early_task(time, log_after(10ms, log, "soon"));
  spawned_task late_task(time, log_after(1h, log, "late"));

  time.run_for(1s);
  CHECK(log == log_lines{"soon"});
  CHECK(time.now() == start + 1s);
  time.run_for(0s);
  CHECK(time.now() == start + 1s);
  time.run_for(1h);
  CHECK(log == log_lines{"soon", "late"});
}

TEST_CASE("virtual_time: run_until_idle runs all armed timers", "[runtime][time]") {
  virtual_time time;
  log_lines log;
  spawned_task first_task(time, log_after(10ms, log, "one"));
  spawned_task second_task(time, log_after(48h, log, "two"));
  time.run_until_idle();
  CHECK(log == log_lines{"one", "two"});
  CHECK_FALSE(time.event_loop().timers().next_wakeup().has_value());
}

task<> log_wait(event& awaited, log_lines& log) {
  const auto status = co_await awaited.wait();
  log.push_back(status == wait_status::cancelled ? "cancelled" : "happened");
}

TEST_CASE("virtual_time: run throws logic_error for a deadlocked task and cancels it", "[runtime][time]") {
  virtual_time time;
  event unset_event;
  log_lines log;
  CHECK_THROWS_AS(time.run(log_wait(unset_event, log)), std::logic_error);
  CHECK(log == log_lines{"cancelled"});

  // The loop remains usable, and setting the event later has no effect.
  time.run(set_event(unset_event));
  CHECK(time.run(return_after(1ms, 7)) == 7);
  CHECK(log == log_lines{"cancelled"});
}

task<> sleep_forever() { co_await sleep_until(deadline::never()); }

TEST_CASE("virtual_time: run throws logic_error for an infinite sleep", "[runtime][time]") {
  virtual_time time;
  CHECK_THROWS_AS(time.run(sleep_forever()), std::logic_error);
}

task<std::string> deadline_status(duration after) {
  const deadline task_deadline = deadline::after(loop::current().now(), after);
  auto work = with_deadline(task_deadline, return_after(1h, 0));
  const auto outcome = co_await std::move(work);
  co_return outcome.error() == asio::error::timed_out ? "late" : "in time";
}

TEST_CASE("virtual_time: stepping the wall clock does not change deadlines", "[runtime][time]") {
  const auto shift = GENERATE_COPY(values<duration>({-24h * 365, -1s, 1s, 24h * 365}));
  CAPTURE(shift.count());
  virtual_time time;
  const auto time_before = time.event_loop().wall_now();
  const auto start = time.now();
  time.step_wall_clock(shift);
  CHECK(time.event_loop().wall_now() == time_before + shift);
  CHECK(time.now() == start);

  CHECK(time.run(deadline_status(10ms)) == "late");
  CHECK(time.now() - start <= 10ms + tick);
}

/// Sleeps, races and cancels tasks at random, and logs each event with its time.
task<int> walk_randomly(std::mt19937& random, log_lines& log, int depth, std::string name) {
  const auto random_below = [&random](unsigned limit) { return static_cast<int>(random() % limit); };
  for (int step = 0; step < 4; ++step) {
    const duration pause = random_below(5000) * 1us;
    if (depth > 0 && random_below(3) == 0) {
      auto left = walk_randomly(random, log, depth - 1, name + "l");
      auto right = walk_randomly(random, log, depth - 1, name + "r");
      auto race_task = race(std::move(left), std::move(right));
      const auto first = co_await std::move(race_task);
      log.push_back(name + " race " + std::to_string(first.index()));
    } else {
      const deadline task_deadline = deadline::after(loop::current().now(), random_below(5000) * 1us);
      auto work = with_deadline(task_deadline, return_after(pause, step));
      const auto outcome = co_await std::move(work);
      log.push_back(name + (outcome ? " in time " : " late ") +
                    std::to_string(loop::current().now().time_since_epoch().count()));
    }
  }
  co_return 0;
}

log_lines run_random_tasks(unsigned seed) {
  virtual_time time;
  std::mt19937 random(seed);
  log_lines log;
  std::vector<task<int>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(walk_randomly(random, log, 3, std::to_string(i)));
  time.run(when_all(std::move(tasks)));
  CHECK(time.event_loop().timers().armed_count() == 0);
  return log;
}

TEST_CASE(
    "virtual_time: the same seed produces the same run to the nanosecond, and different seeds produce different "
    "runs",
    "[runtime][time]") {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    const auto first = run_random_tasks(seed);
    CHECK(first.size() >= 20);
    CHECK(first == run_random_tasks(seed));
    CHECK(first != run_random_tasks(seed + 1000));
  }
}

task<> wait_with_queue(wait_queue*& shared, bool& is_destroyed) {
  struct destruction_flag {
    bool& flag;
    ~destruction_flag() { flag = true; }
  } flag_setter{is_destroyed};
  wait_queue queue;
  shared = &queue;
  co_await sleep_for(1ms);
}

task<> wait_until_notified(wait_queue*& shared) { co_await shared->wait(deadline::after(loop::current().now(), 1h)); }

TEST_CASE("virtual_time: a loop can be destroyed while its tasks wait for each other", "[runtime][time]") {
  bool is_destroyed = false;
  wait_queue* shared = nullptr;
  detail::child_task<void> owner;
  detail::child_task<void> waiter;
  {
    virtual_time time;
    auto& event_loop = time.event_loop();
    asio::post(event_loop.get_executor(), [&] {
      detail::start_child_task(owner, wait_with_queue(shared, is_destroyed), [] {});
      detail::start_child_task(waiter, wait_until_notified(shared), [] {});
    });
    event_loop.poll();
    // The owner's timer expires and queues a handler, but the loop stops before the handler runs.
    asio::post(event_loop.get_executor(), [&] {
      event_loop.timers().advance(time.now() + 2ms);
      event_loop.stop();
    });
    event_loop.poll();
    CHECK_FALSE(is_destroyed);
  }
  CHECK(is_destroyed);
}

}  // namespace
}  // namespace cohort

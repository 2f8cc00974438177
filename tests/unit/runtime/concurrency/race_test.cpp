// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/race.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <string>
#include <variant>

#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("race: returns the value of the first task to end, with its position as the index",
          "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  const auto winner = time.run(race(return_after(1h, 1), return_after(10ms, 2), return_after(20ms, 3)));

  REQUIRE(winner.index() == 1);
  CHECK(std::get<1>(winner) == 2);
  CHECK(time.now() - start <= 10ms + tick);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("race: the first task to end cancels the other tasks, and race waits for them", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  const auto winner =
      time.run(race(return_after(10ms, 1), log_sleep(1h, log, "other"), ignore_cancellation(50ms, 2, log)));

  CHECK(winner.index() == 0);
  CHECK(log == log_lines{"other cancelled", "ended despite cancellation"});
  CHECK(time.now() - start >= 50ms);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("race: a later value does not replace the winner", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto winner = time.run(race(ignore_cancellation(50ms, 1, log), return_after(10ms, 2)));
  CHECK(winner.index() == 1);
}

TEST_CASE("race: rethrows the exception of the first task to end", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  auto race_task = race(throw_after(10ms, "failure"), log_sleep(1h, log, "other"));
  CHECK_THROWS_MATCHES(time.run(std::move(race_task)), std::runtime_error, Message("failure"));
  CHECK(log == log_lines{"other cancelled"});
}

TEST_CASE("race: ignores exceptions of the other tasks", "[runtime][concurrency]") {
  virtual_time time;
  auto race_task = race(return_after(10ms, 1), throw_after(10ms + 2 * tick, "late failure"));
  CHECK(time.run(std::move(race_task)).index() == 0);
}

TEST_CASE("race: among tasks that never suspend, the first task is the winner", "[runtime][concurrency]") {
  virtual_time time;
  CHECK(time.run(race(return_now(1), return_now(2))).index() == 0);
  CHECK(time.run(race(return_after(1ms, 1), return_now(2))).index() == 1);
}

TEST_CASE("race: of two tasks that end in the same tick, the task that is resumed first wins",
          "[runtime][concurrency]") {
  virtual_time time;
  CHECK(time.run(race(return_after(10ms, 1), return_after(10ms, 2))).index() == 0);
}

TEST_CASE("race: a void winner is a monostate", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto winner = time.run(race(log_after(1ms, log, "ran"), return_after(1h, 1)));
  CHECK(std::holds_alternative<std::monostate>(winner));
  CHECK(log == log_lines{"ran"});
}

task<std::string> nested(log_lines& log) {
  auto inner_race = race(return_after(1h, 1), return_after(20ms, 2));
  auto outer = race(std::move(inner_race), log_sleep(1h, log, "outer"));
  const auto winner = co_await std::move(outer);
  co_return std::to_string(winner.index()) + "." + std::to_string(std::get<0>(winner).index());
}

TEST_CASE("race: can be nested", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  CHECK(time.run(nested(log)) == "0.1");
  CHECK(log == log_lines{"outer cancelled"});
}

TEST_CASE("race: cancelling the caller cancels all tasks and waits for them", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task parent(time, race(log_sleep(1h, log, "a"), ignore_cancellation(50ms, 1, log)));

  time.run_for(5ms);
  parent.cancel();
  CHECK(log == log_lines{"a cancelled"});
  CHECK_FALSE(parent.ended());
  time.run_for(50ms);
  CHECK(log == log_lines{"a cancelled", "ended despite cancellation"});
  CHECK(parent.ended());
  CHECK(time.event_loop().timers().armed_count() == 0);
}

task<int> win_and_cancel_caller(spawned_task<>*& caller) {
  co_await sleep_for(1ms);
  caller->cancel_on_loop();
  co_return 7;
}

task<> race_and_continue(spawned_task<>*& caller, log_lines& log) {
  auto race_task = race(win_and_cancel_caller(caller), log_sleep(1h, log, "other"));
  const auto winner = co_await std::move(race_task);
  log.push_back("winner " + std::to_string(winner.index()));
  co_await sleep_for(1ms);
  log.push_back("continued");
}

TEST_CASE("race: a winner that cancels its caller still returns its value, and the caller ends at its next co_await",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task<>* caller = nullptr;
  spawned_task parent(time, race_and_continue(caller, log));
  caller = &parent;
  time.run_for(1s);

  CHECK(parent.ended_by_cancellation());
  CHECK(log == log_lines{"other cancelled", "winner 0"});
}

}  // namespace
}  // namespace cohort

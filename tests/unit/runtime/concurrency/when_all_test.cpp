// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/when_all.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::Message;

TEST_CASE("when_all: runs all tasks concurrently and returns the values in argument order", "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  const auto values = time.run(when_all(return_after(30ms, 1), return_after(10ms, 2), return_after(20ms, 3)));

  CHECK(values == std::tuple{1, 2, 3});
  CHECK(time.now() - start <= 30ms + tick);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: throws logic_error for an empty task", "[runtime][concurrency][case-6.9]") {
  virtual_time time;
  CHECK_THROWS_AS(time.run(when_all(return_after(30ms, 1), task<int>{})), std::logic_error);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("task: co_await of an empty task throws logic_error", "[runtime][concurrency][case-6.9]") {
  struct empty_task_awaiter {
    static task<> nothing() { co_await task<>{}; }
    static task<int> value() {
      task<int> moved = return_now(1);
      co_await std::move(moved);
      co_return co_await std::move(moved);
    }
    /// The awaiting coroutine continues after the exception.
    static task<int> caught() {
      bool has_thrown = false;
      try {
        co_await task<>{};
      } catch (const std::logic_error&) {
        has_thrown = true;
      }
      const auto value = co_await return_after(1ms, 2);
      co_return has_thrown ? value : 0;
    }
  };
  virtual_time time;
  CHECK_THROWS_AS(time.run(empty_task_awaiter::nothing()), std::logic_error);
  CHECK_THROWS_AS(time.run(empty_task_awaiter::value()), std::logic_error);
  CHECK(time.run(empty_task_awaiter::caught()) == 2);
}

task<std::string> text_after(duration span, std::string text) {
  co_await sleep_for(span);
  co_return text;
}

task<std::unique_ptr<int>> return_pointer_after(duration span, int value) {
  co_await sleep_for(span);
  co_return std::make_unique<int>(value);
}

TEST_CASE("when_all: returns values of any type, and a monostate for void", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  auto all = time.run(when_all(text_after(1ms, "text"), log_after(2ms, log, "ran"), return_pointer_after(3ms, 7)));

  CHECK(std::get<0>(all) == "text");
  STATIC_CHECK(std::is_same_v<std::tuple_element_t<1, decltype(all)>, std::monostate>);
  CHECK(log == log_lines{"ran"});
  CHECK(*std::get<2>(all) == 7);
}

TEST_CASE("when_all: accepts tasks that never suspend", "[runtime][concurrency]") {
  virtual_time time;
  CHECK(time.run(when_all(return_now(1))) == std::tuple{1});
  CHECK(time.run(when_all(return_now(1), return_now(2))) == std::tuple{1, 2});
  CHECK(time.run(when_all(return_now(1), return_after(1ms, 2), return_now(3))) == std::tuple{1, 2, 3});
}

task<> sleep_and_clean_up(duration span, duration cleanup, log_lines& log) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto status = co_await sleep_for(span);
  log.push_back(status == wait_status::cancelled ? "cancelled" : "slept");
  co_await sleep_for(cleanup);
  log.push_back("cleaned up");
}

TEST_CASE("when_all: the first exception cancels the other tasks and is rethrown once all have ended",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  auto all_tasks = when_all(sleep_and_clean_up(1h, 20ms, log), throw_after(10ms, "failure"), return_after(1h, 1));

  CHECK_THROWS_MATCHES(time.run(std::move(all_tasks)), std::runtime_error, Message("failure"));
  CHECK(log == log_lines{"cancelled", "cleaned up"});
  CHECK(time.now() - start >= 30ms);
  CHECK(time.now() - start <= 30ms + 2 * tick);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: rethrows the first of several exceptions", "[runtime][concurrency]") {
  virtual_time time;
  auto all_tasks = when_all(throw_after(20ms, "second"), throw_after(10ms, "first"));
  CHECK_THROWS_MATCHES(time.run(std::move(all_tasks)), std::runtime_error, Message("first"));
}

TEST_CASE("when_all: a task that throws before it suspends cancels the tasks before and after it",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  const auto start = time.now();
  auto all_tasks = when_all(log_sleep(1h, log, "before"), throw_now("immediately"), log_sleep(1h, log, "after"));

  CHECK_THROWS_MATCHES(time.run(std::move(all_tasks)), std::runtime_error, Message("immediately"));
  CHECK(log == log_lines{"before cancelled", "after cancelled"});
  CHECK(time.now() == start);
}

TEST_CASE("when_all: cancelling the caller cancels all tasks and waits for them", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task parent(time, when_all(log_sleep(1h, log, "a"), sleep_and_clean_up(1h, 20ms, log)));

  time.run_for(5ms);
  parent.cancel();
  CHECK(log == log_lines{"a cancelled", "cancelled"});
  CHECK_FALSE(parent.ended());

  time.run_for(20ms + tick);
  CHECK(log.back() == "cleaned up");
  CHECK(parent.ended());
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: waits for a task that ignores cancellation", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task parent(time, when_all(ignore_cancellation(50ms, 7, log), log_sleep(1h, log, "other")));

  time.run_for(5ms);
  parent.cancel();
  parent.cancel();
  CHECK_FALSE(parent.ended());
  time.run_for(50ms);
  CHECK(parent.ended());
  CHECK(log == log_lines{"other cancelled", "ended despite cancellation"});
}

task<> run_nested_scopes(log_lines& log) {
  auto inner_tasks = when_all(log_sleep(1h, log, "inner a"), log_sleep(1h, log, "inner b"));
  auto outer = when_all(std::move(inner_tasks), log_sleep(1h, log, "outer"));
  co_await std::move(outer);
}

TEST_CASE("when_all: cancellation propagates to nested scopes, to the inner scope first", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task parent(time, run_nested_scopes(log));
  parent.cancel();

  CHECK(parent.ended());
  CHECK(log == log_lines{"inner a cancelled", "inner b cancelled", "outer cancelled"});
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: an exception in a nested scope cancels the outer scope", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  auto inner_tasks = when_all(throw_after(5ms, "inner failure"), log_sleep(1h, log, "inner"));
  auto outer = when_all(std::move(inner_tasks), log_sleep(1h, log, "outer"));

  CHECK_THROWS_MATCHES(time.run(std::move(outer)), std::runtime_error, Message("inner failure"));
  CHECK(log == log_lines{"inner cancelled", "outer cancelled"});
}

/// Cancels `target`, which runs this task, before suspending.
task<int> cancel_target(spawned_task<>*& target) {
  if (target) target->cancel_on_loop();
  co_return 0;
}

task<> cancel_during_start(spawned_task<>*& caller, log_lines& log) {
  co_await sleep_for(1ms);
  auto all_tasks = when_all(log_sleep(1h, log, "before"), cancel_target(caller), log_sleep(1h, log, "after"));
  co_await std::move(all_tasks);
}

TEST_CASE("when_all: a task that cancels its scope during startup also cancels the tasks started later",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  spawned_task<>* caller = nullptr;
  spawned_task parent(time, cancel_during_start(caller, log));
  caller = &parent;

  time.run_for(2ms);
  CHECK(parent.ended());
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: returns the values of a vector of tasks in order", "[runtime][concurrency]") {
  virtual_time time;
  std::vector<task<int>> work;
  for (int i = 0; i < 100; ++i) work.push_back(return_after(duration{(100 - i) * 1ms}, i));
  const auto values = time.run(when_all(std::move(work)));

  REQUIRE(values.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(values[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("when_all: an empty vector completes immediately", "[runtime][concurrency]") {
  virtual_time time;
  CHECK(time.run(when_all(std::vector<task<int>>{})).empty());
}

TEST_CASE("when_all: in a vector of tasks, the first exception cancels the others and is rethrown once all have ended",
          "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  std::vector<task<int>> work;
  work.push_back(ignore_cancellation(50ms, 0, log));
  work.push_back(throw_after(10ms, "failure"));
  work.push_back(log_sleep(1h, log, "other"));

  CHECK_THROWS_MATCHES(time.run(when_all(std::move(work))), std::runtime_error, Message("failure"));
  CHECK(log == log_lines{"other cancelled", "ended despite cancellation"});
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("when_all: cancelling the caller cancels a vector of tasks", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  std::vector<task<int>> work;
  for (const auto* name : {"a", "b", "c"}) work.push_back(log_sleep(1h, log, name));
  spawned_task parent(time, when_all(std::move(work)));
  parent.cancel();

  CHECK(parent.ended());
  CHECK(log == log_lines{"a cancelled", "b cancelled", "c cancelled"});
}

}  // namespace
}  // namespace cohort

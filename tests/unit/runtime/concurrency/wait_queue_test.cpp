// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/wait_queue.hpp>

#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string to_string(wait_status status) {
  switch (status) {
    case wait_status::notified: return "notified";
    case wait_status::timed_out: return "timed out";
    case wait_status::cancelled: return "cancelled";
  }
  return "?";
}

task<wait_status> wait_for_notification(wait_queue& queue, deadline wait_deadline = deadline::never()) {
  co_return co_await queue.wait(wait_deadline);
}

task<> log_wait(wait_queue& queue, log_lines& log, std::string name, deadline wait_deadline = deadline::never()) {
  const auto status = co_await queue.wait(wait_deadline);
  log.push_back(name + " " + to_string(status));
}

task<> notify_one_after(duration span, wait_queue& queue) {
  co_await sleep_for(span);
  queue.notify_one();
}

task<> wait_twice(wait_queue& queue, log_lines& log, std::string name) {
  co_await queue.wait();
  log.push_back(name + " first");
  co_await queue.wait();
  log.push_back(name + " second");
}

task<> notify_all_after(duration span, wait_queue& queue) {
  co_await sleep_for(span);
  queue.notify_all();
}

TEST_CASE("wait_queue: notify_one resumes the waiters in FIFO order", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  spawned_task first(time, log_wait(queue, log, "first"));
  spawned_task second(time, log_wait(queue, log, "second"));
  spawned_task third(time, log_wait(queue, log, "third"));

  spawned_task notifier(time, notify_one_after(1ms, queue));
  time.run_for(2ms);
  CHECK(log == log_lines{"first notified"});
  CHECK_FALSE(queue.empty());

  spawned_task second_notifier(time, notify_all_after(1ms, queue));
  time.run_for(2ms);
  CHECK(log == log_lines{"first notified", "second notified", "third notified"});
  CHECK(queue.empty());
}

TEST_CASE("wait_queue: a notification without waiters has no later effect", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  CHECK_FALSE(queue.notify_one());
  queue.notify_all();

  const deadline wait_deadline{time.now() + 10ms};
  CHECK(time.run(wait_for_notification(queue, wait_deadline)) == wait_status::timed_out);
}

TEST_CASE("wait_queue: notify_all does not resume a coroutine that waits again", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  spawned_task waiter(time, wait_twice(queue, log, "a"));
  spawned_task other(time, wait_twice(queue, log, "b"));

  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(log == log_lines{"a first", "b first"});
  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(log == log_lines{"a first", "b first", "a second", "b second"});
}

TEST_CASE("wait_queue: a wait times out at its deadline and leaves the queue", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  const auto start = time.now();
  spawned_task short_wait(time, log_wait(queue, log, "short", deadline{start + 10ms}));
  spawned_task long_wait(time, log_wait(queue, log, "long"));

  time.run_for(9ms);
  CHECK(log.empty());
  time.run_for(1ms + tick);
  CHECK(log == log_lines{"short timed out"});

  time.run(notify_one_after(1ms, queue));
  time.run_for(0s);
  CHECK(log.back() == "long notified");
}

TEST_CASE("wait_queue: a notified wait disarms its timer", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  spawned_task waiting(time, log_wait(queue, log, "it", deadline{time.now() + 1h}));
  time.run(notify_one_after(1ms, queue));
  time.run_for(0s);

  CHECK(log == log_lines{"it notified"});
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("wait_queue: a cancelled wait returns cancelled and keeps the order of the other waiters",
          "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  spawned_task first(time, log_wait(queue, log, "first"));
  spawned_task second(time, log_wait(queue, log, "second"));
  spawned_task third(time, log_wait(queue, log, "third"));

  second.cancel();
  CHECK(log == log_lines{"second cancelled"});
  CHECK(second.ended());
  CHECK_FALSE(second.ended_by_cancellation());

  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(log == log_lines{"second cancelled", "first notified", "third notified"});
}

TEST_CASE("wait_queue: a wait after a cancelled wait throws", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  spawned_task waiter(time, wait_twice(queue, log, "it"));
  waiter.cancel();

  CHECK(log == log_lines{"it first"});
  CHECK(waiter.ended_by_cancellation());
}

TEST_CASE("wait_queue: a waiter that is notified and then cancelled returns notified", "[runtime][concurrency]") {
  virtual_time time;
  wait_queue queue;
  log_lines log;
  task_group group([](const std::exception_ptr&) {});
  spawned_task owner(time, [](wait_queue& waiters, log_lines& written, task_group& owner) -> task<> {
    owner.spawn(log_wait(waiters, written, "it"));
    waiters.notify_one();
    owner.cancel();
    co_await owner.join();
  }(queue, log, group));

  CHECK(owner.ended());
  CHECK(log == log_lines{"it notified"});
}

task<> destroy(std::optional<wait_queue>& queue) {
  queue.reset();
  co_return;
}

TEST_CASE("wait_queue: destroying the queue cancels its waiters", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  std::optional<wait_queue> queue(std::in_place);
  spawned_task first(time, log_wait(*queue, log, "first"));
  spawned_task second(time, log_wait(*queue, log, "second", deadline{time.now() + 1h}));

  time.run(destroy(queue));
  time.run_for(0s);

  CHECK(log == log_lines{"first cancelled", "second cancelled"});
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("wait_queue: a queue can be destroyed while no loop is running", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  std::optional<wait_queue> queue(std::in_place);
  spawned_task waiting(time, log_wait(*queue, log, "it"));

  queue.reset();
  time.run_for(0s);

  CHECK(log == log_lines{"it cancelled"});
}

task<wait_status> sleep_status(duration span) { co_return co_await sleep_for(span); }
task<wait_status> sleep_status(deadline wait_deadline) { co_return co_await sleep_until(wait_deadline); }

TEST_CASE("sleep_for: completes at most one tick after its duration", "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(sleep_status(250ms)) == wait_status::timed_out);
  CHECK(time.now() - start >= 250ms);
  CHECK(time.now() - start <= 250ms + tick);
}

TEST_CASE("sleep_until: completes immediately for a time in the past", "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(sleep_status(deadline{start - 1s})) == wait_status::timed_out);
  CHECK(time.now() - start <= tick);
}

TEST_CASE("sleep_for: cancellation ends the sleep immediately and disarms its timer", "[runtime][concurrency]") {
  virtual_time time;
  const auto start = time.now();
  spawned_task sleeper(time, sleep_status(1h));
  sleeper.cancel();

  CHECK(sleeper.outcome().value == wait_status::cancelled);
  CHECK(time.now() == start);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

task<> log_event_wait(event& awaited_event, log_lines& log, std::string name,
                      deadline wait_deadline = deadline::never()) {
  const auto status = co_await awaited_event.wait(wait_deadline);
  log.push_back(name + " " + to_string(status));
}

TEST_CASE("event: set resumes all waiters, and waits complete immediately until reset", "[runtime][concurrency]") {
  virtual_time time;
  event awaited_event;
  log_lines log;
  spawned_task first(time, log_event_wait(awaited_event, log, "first"));
  spawned_task second(time, log_event_wait(awaited_event, log, "second"));
  CHECK_FALSE(awaited_event.is_set());

  time.run(set_event(awaited_event));
  time.run_for(0s);
  CHECK(awaited_event.is_set());
  CHECK(log == log_lines{"first notified", "second notified"});

  time.run(log_event_wait(awaited_event, log, "third"));
  CHECK(log.back() == "third notified");

  awaited_event.reset();
  time.run(log_event_wait(awaited_event, log, "fourth", deadline{time.now() + 1ms}));
  CHECK(log.back() == "fourth timed out");
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/task_group.hpp>

#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <exception>
#include <memory>
#include <string>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A group that logs the failures that it reports.
struct logging_group {
  log_lines log;
  task_group tasks{
      [this](const std::exception_ptr& failure) { log.push_back("failed: " + exception_message(failure)); }};
};

task<> discard_value(task<int> work) { co_await std::move(work); }

task<> log_sleep_task(duration span, log_lines& log, std::string name) {
  return discard_value(log_sleep(span, log, std::move(name)));
}

task<> join(logging_group& group) {
  co_await group.tasks.join();
  group.log.push_back("joined");
}

task<> spawn_three_tasks(logging_group& group) {
  group.tasks.spawn(log_after(30ms, group.log, "c"));
  group.tasks.spawn(log_after(10ms, group.log, "a"));
  group.tasks.spawn(log_after(20ms, group.log, "b"));
  CHECK(group.tasks.size() == 3);
  co_return;
}

TEST_CASE("task_group: join completes when the last task has ended", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_three_tasks(group));
  time.run(join(group));

  CHECK(group.log == log_lines{"a", "b", "c", "joined"});
  CHECK(group.tasks.empty());
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("task_group: join of an empty group completes immediately", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  const auto start = time.now();
  time.run(join(group));
  CHECK(group.log == log_lines{"joined"});
  CHECK(time.now() == start);
}

task<> spawn_empty_task(logging_group& group) {
  group.tasks.spawn(task<>{});
  co_return;
}

TEST_CASE("task_group: an empty task is reported as a failure", "[runtime][concurrency][case-6.9]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_empty_task(group));
  time.run(join(group));
  REQUIRE(group.log.size() == 2);
  CHECK(group.log[0].starts_with("failed: empty task: it was created without a coroutine"));
}

task<> spawn_finished_task(logging_group& group) {
  group.tasks.spawn(discard_value(return_now(1)));
  co_return;
}

TEST_CASE("task_group: a task that never suspends is removed from the group", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_finished_task(group));
  time.run(join(group));
  CHECK(group.tasks.empty());
}

task<> spawn_failing_task(logging_group& group) {
  group.tasks.spawn(discard_value(throw_after(10ms, "later")));
  group.tasks.spawn(discard_value(throw_now("immediately")));
  group.tasks.spawn(log_after(20ms, group.log, "other"));
  co_return;
}

TEST_CASE("task_group: reports each exception, and the other tasks continue", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_failing_task(group));
  time.run(join(group));
  CHECK(group.log == log_lines{"failed: immediately", "failed: later", "other", "joined"});
}

task<> spawn_sleepers(logging_group& group) {
  group.tasks.spawn(log_sleep_task(1h, group.log, "a"));
  group.tasks.spawn(discard_value(ignore_cancellation(50ms, 0, group.log)));
  group.tasks.spawn(log_sleep_task(1h, group.log, "b"));
  co_return;
}

task<> cancel(logging_group& group) {
  group.tasks.cancel();
  co_return;
}

TEST_CASE("task_group: cancel cancels every task and reports no failure", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_sleepers(group));
  time.run(cancel(group));
  const auto start = time.now();
  time.run(join(group));

  CHECK(group.log == log_lines{"a cancelled", "b cancelled", "ended despite cancellation", "joined"});
  CHECK(time.now() - start <= 50ms + tick);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

task<> sleep_twice(duration span) {
  co_await sleep_for(span);
  co_await sleep_for(span);
}

task<> spawn_two_sleeps(logging_group& group) {
  group.tasks.spawn(sleep_twice(1h));
  co_return;
}

TEST_CASE("task_group: a cancelled task is not reported as a failure", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_two_sleeps(group));
  time.run(cancel(group));
  time.run(join(group));
  CHECK(group.log == log_lines{"joined"});
}

TEST_CASE("task_group: cancelling join cancels the tasks and still waits until the group is empty",
          "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_sleepers(group));
  spawned_task owner(time, join(group));

  owner.cancel();
  CHECK(group.log == log_lines{"a cancelled", "b cancelled"});
  CHECK_FALSE(owner.ended());

  time.run_for(50ms + tick);
  CHECK(owner.ended());
  CHECK(group.tasks.empty());
}

/// Joins the group after a cancelled wait, as an acceptor does.
task<> join_after_cancellation(logging_group& group) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(1h);
  co_await group.tasks.join();
  group.log.push_back("joined");
}

TEST_CASE("task_group: join by a cancelled caller cancels the tasks and waits for them", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_sleepers(group));
  spawned_task owner(time, join_after_cancellation(group));

  owner.cancel();
  CHECK(group.log == log_lines{"a cancelled", "b cancelled"});
  CHECK_FALSE(owner.ended());
  time.run_for(50ms + tick);
  CHECK(owner.ended());
  CHECK(group.log.back() == "joined");
}

task<> spawn_another_after(duration span, logging_group& group) {
  co_await sleep_for(span);
  group.tasks.spawn(log_after(span, group.log, "another"));
}

task<> spawn_nested_task(logging_group& group) {
  group.tasks.spawn(spawn_another_after(10ms, group));
  co_return;
}

TEST_CASE("task_group: join waits for tasks spawned during the join", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_nested_task(group));
  time.run(join(group));
  CHECK(group.log == log_lines{"another", "joined"});
}

TEST_CASE("task_group: can be reused after join", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  for (int round = 0; round < 2; ++round) {
    time.run(spawn_nested_task(group));
    time.run(join(group));
  }
  CHECK(group.log == log_lines{"another", "joined", "another", "joined"});
}

task<> cancel_group(logging_group& group) {
  group.tasks.cancel();
  co_return;
}

task<> cancel_group_and_fail(logging_group& group) {
  group.tasks.cancel();
  throw std::runtime_error("failure");
  co_return;
}

task<> spawn_cancelling_tasks(logging_group& group) {
  group.tasks.spawn(log_sleep_task(1h, group.log, "other"));
  group.tasks.spawn(cancel_group(group));
  group.tasks.spawn(cancel_group_and_fail(group));
  co_return;
}

TEST_CASE("task_group: a task can cancel its own group before it suspends", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  time.run(spawn_cancelling_tasks(group));
  time.run(join(group));
  CHECK(group.log == log_lines{"other cancelled", "failed: failure", "joined"});
}

TEST_CASE("task_group: the failure handler can spawn another task", "[runtime][concurrency]") {
  virtual_time time;
  log_lines log;
  std::unique_ptr<task_group> group;
  int left = 3;
  group = std::make_unique<task_group>([&](const std::exception_ptr& failure) {
    log.push_back(exception_message(failure));
    if (--left > 0) group->spawn(discard_value(throw_after(10ms, "again")));
  });
  spawned_task owner(time, [](task_group& tasks) -> task<> {
    tasks.spawn(discard_value(throw_after(10ms, "first")));
    co_await tasks.join();
  }(*group));

  time.run_for(1s);
  CHECK(owner.ended());
  CHECK(log == log_lines{"first", "again", "again"});
}

task<> spawn_watched_task(logging_group& group, asio::cancellation_signal*& watched_signal) {
  group.tasks.spawn_cancellable([&](asio::cancellation_signal& signal) {
    watched_signal = &signal;
    return log_sleep_task(1h, group.log, "watched");
  });
  group.tasks.spawn(log_sleep_task(10ms, group.log, "other"));
  co_return;
}

task<> cancel_signal(asio::cancellation_signal& signal) {
  detail::cancel(signal);
  co_return;
}

TEST_CASE("task_group: spawn_cancellable's signal cancels only its own task", "[runtime][concurrency]") {
  virtual_time time;
  logging_group group;
  asio::cancellation_signal* watched_signal = nullptr;
  time.run(spawn_watched_task(group, watched_signal));
  REQUIRE(watched_signal != nullptr);
  time.run(cancel_signal(*watched_signal));
  time.run(join(group));
  CHECK(group.log == log_lines{"watched cancelled", "other slept", "joined"});
}

task<> join_inner_group(logging_group& outer_group, logging_group& inner_group) {
  inner_group.tasks.spawn(log_sleep_task(1h, outer_group.log, "inner"));
  co_await inner_group.tasks.join();
  outer_group.log.push_back("inner joined");
}

task<> spawn_group(logging_group& outer_group, logging_group& inner_group) {
  outer_group.tasks.spawn(join_inner_group(outer_group, inner_group));
  outer_group.tasks.spawn(log_sleep_task(1h, outer_group.log, "outer"));
  co_return;
}

TEST_CASE("task_group: cancelling an outer group ends the inner group first", "[runtime][concurrency]") {
  virtual_time time;
  logging_group outer;
  logging_group inner;
  time.run(spawn_group(outer, inner));
  spawned_task owner(time, join(outer));
  owner.cancel();

  CHECK(owner.ended());
  CHECK(outer.log == log_lines{"inner cancelled", "outer cancelled", "inner joined", "joined"});
  CHECK(time.event_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort

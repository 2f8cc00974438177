#include "core/runtime/task_group.hpp"

#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <exception>
#include <memory>
#include <string>

#include "core/runtime/with_deadline.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::string what(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

/// A group that writes down what it hears.
struct listening_group {
  journal notes;
  task_group tasks{[this](const std::exception_ptr& failure) { notes.push_back("failed: " + what(failure)); }};
};

task<> without_value(task<int> work) { co_await std::move(work); }

task<> sleep_through(duration span, journal& notes, std::string name) {
  return without_value(sleeper(span, notes, std::move(name)));
}

/// The owner: starts nothing itself, and waits for all that was started.
task<> join(listening_group& group) {
  co_await group.tasks.join();
  group.notes.push_back("joined");
}

task<> spawn_three(listening_group& group) {
  group.tasks.spawn(note_after(30ms, group.notes, "c"));
  group.tasks.spawn(note_after(10ms, group.notes, "a"));
  group.tasks.spawn(note_after(20ms, group.notes, "b"));
  CHECK(group.tasks.size() == 3);
  co_return;
}

TEST_CASE("The owner's join ends when the last task has") {
  virtual_time time;
  listening_group group;
  time.run(spawn_three(group));
  time.run(join(group));

  CHECK(group.notes == journal{"a", "b", "c", "joined"});
  CHECK(group.tasks.empty());
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Joining an empty group ends at once") {
  virtual_time time;
  listening_group group;
  const auto start = time.now();
  time.run(join(group));
  CHECK(group.notes == journal{"joined"});
  CHECK(time.now() == start);
}

task<> spawn_finished(listening_group& group) {
  group.tasks.spawn(without_value(value_now(1)));
  co_return;
}

TEST_CASE("A task that never waits leaves the group like any other") {
  virtual_time time;
  listening_group group;
  time.run(spawn_finished(group));
  time.run(join(group));
  CHECK(group.tasks.empty());
}

task<> spawn_failing(listening_group& group) {
  group.tasks.spawn(without_value(fail_after(10ms, "later")));
  group.tasks.spawn(without_value(fail_now("at once")));
  group.tasks.spawn(note_after(20ms, group.notes, "other"));
  co_return;
}

TEST_CASE("The owner hears of each failure, and the other tasks go on") {
  virtual_time time;
  listening_group group;
  time.run(spawn_failing(group));
  time.run(join(group));
  CHECK(group.notes == journal{"failed: at once", "failed: later", "other", "joined"});
}

task<> spawn_sleepers(listening_group& group) {
  group.tasks.spawn(sleep_through(1h, group.notes, "a"));
  group.tasks.spawn(without_value(stubborn(50ms, 0, group.notes)));
  group.tasks.spawn(sleep_through(1h, group.notes, "b"));
  co_return;
}

task<> cancel(listening_group& group) {
  group.tasks.cancel();
  co_return;
}

TEST_CASE("Cancelling a group asks every task to end; that is no failure") {
  virtual_time time;
  listening_group group;
  time.run(spawn_sleepers(group));
  time.run(cancel(group));
  const auto start = time.now();
  time.run(join(group));

  CHECK(group.notes == journal{"a cancelled", "b cancelled", "stubborn ended", "joined"});
  CHECK(time.now() - start <= 50ms + tick);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<> sleep_twice(duration span) {
  co_await sleep_for(span);
  co_await sleep_for(span);
}

task<> spawn_sleeping_twice(listening_group& group) {
  group.tasks.spawn(sleep_twice(1h));
  co_return;
}

TEST_CASE("A task that a cancellation unwinds by an exception has not failed") {
  virtual_time time;
  listening_group group;
  time.run(spawn_sleeping_twice(group));
  time.run(cancel(group));
  time.run(join(group));
  CHECK(group.notes == journal{"joined"});
}

TEST_CASE("Cancelling the one that joins cancels the group, and the wait goes on until it is empty") {
  virtual_time time;
  listening_group group;
  time.run(spawn_sleepers(group));
  lone_task owner(time, join(group));

  owner.cancel();
  CHECK(group.notes == journal{"a cancelled", "b cancelled"});
  CHECK_FALSE(owner.ended());

  time.run_for(50ms + tick);
  CHECK(owner.ended());
  CHECK(group.tasks.empty());
}

/// As an acceptor ends: it was cancelled in another wait, and then has its sessions to see off.
task<> join_although_cancelled(listening_group& group) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(1h);
  co_await group.tasks.join();
  group.notes.push_back("joined");
}

TEST_CASE("Whoever was cancelled before it joins cancels the group by joining, and still waits for it") {
  virtual_time time;
  listening_group group;
  time.run(spawn_sleepers(group));
  lone_task owner(time, join_although_cancelled(group));

  owner.cancel();
  CHECK(group.notes == journal{"a cancelled", "b cancelled"});
  CHECK_FALSE(owner.ended());
  time.run_for(50ms + tick);
  CHECK(owner.ended());
  CHECK(group.notes.back() == "joined");
}

task<> spawn_another_after(duration span, listening_group& group) {
  co_await sleep_for(span);
  group.tasks.spawn(note_after(span, group.notes, "another"));
}

task<> spawn_spawning(listening_group& group) {
  group.tasks.spawn(spawn_another_after(10ms, group));
  co_return;
}

TEST_CASE("What is spawned while the owner waits is waited for too") {
  virtual_time time;
  listening_group group;
  time.run(spawn_spawning(group));
  time.run(join(group));
  CHECK(group.notes == journal{"another", "joined"});
}

TEST_CASE("A group can be used again after it was joined") {
  virtual_time time;
  listening_group group;
  for (int round = 0; round < 2; ++round) {
    time.run(spawn_spawning(group));
    time.run(join(group));
  }
  CHECK(group.notes == journal{"another", "joined", "another", "joined"});
}

task<> cancel_all_now(listening_group& group) {
  group.tasks.cancel();
  co_return;
}

task<> fail_cancelling_all(listening_group& group) {
  group.tasks.cancel();
  throw std::runtime_error("broken");
  co_return;
}

task<> spawn_cancelling(listening_group& group) {
  group.tasks.spawn(sleep_through(1h, group.notes, "other"));
  group.tasks.spawn(cancel_all_now(group));
  group.tasks.spawn(fail_cancelling_all(group));
  co_return;
}

TEST_CASE("A task may cancel its own group before it has waited for anything") {
  virtual_time time;
  listening_group group;
  time.run(spawn_cancelling(group));
  time.run(join(group));
  CHECK(group.notes == journal{"other cancelled", "failed: broken", "joined"});
}

TEST_CASE("The owner may start the next task from where it hears of a failure") {
  virtual_time time;
  journal notes;
  std::unique_ptr<task_group> group;
  int left = 3;
  group = std::make_unique<task_group>([&](const std::exception_ptr& failure) {
    notes.push_back(what(failure));
    if (--left > 0) group->spawn(without_value(fail_after(10ms, "again")));
  });
  lone_task owner(time, [](task_group& tasks) -> task<> {
    tasks.spawn(without_value(fail_after(10ms, "first")));
    co_await tasks.join();
  }(*group));

  time.run_for(1s);
  CHECK(owner.ended());
  CHECK(notes == journal{"first", "again", "again"});
}

task<> spawn_watched(listening_group& group, asio::cancellation_signal*& own) {
  group.tasks.spawn_with([&](asio::cancellation_signal& signal) {
    own = &signal;
    return sleep_through(1h, group.notes, "watched");
  });
  group.tasks.spawn(sleep_through(10ms, group.notes, "other"));
  co_return;
}

task<> emit(asio::cancellation_signal& signal) {
  detail::cancel(signal);
  co_return;
}

TEST_CASE("The signal given to one task cancels that one alone") {
  virtual_time time;
  listening_group group;
  asio::cancellation_signal* own = nullptr;
  time.run(spawn_watched(group, own));
  REQUIRE(own != nullptr);
  time.run(emit(*own));
  time.run(join(group));
  CHECK(group.notes == journal{"watched cancelled", "other slept", "joined"});
}

task<> group_in_a_group(listening_group& outer, listening_group& inner) {
  inner.tasks.spawn(sleep_through(1h, outer.notes, "inner"));
  co_await inner.tasks.join();
  outer.notes.push_back("inner joined");
}

task<> spawn_group(listening_group& outer, listening_group& inner) {
  outer.tasks.spawn(group_in_a_group(outer, inner));
  outer.tasks.spawn(sleep_through(1h, outer.notes, "outer"));
  co_return;
}

TEST_CASE("Cancelling an outer group ends the inner one first, and nothing is left") {
  virtual_time time;
  listening_group outer;
  listening_group inner;
  time.run(spawn_group(outer, inner));
  lone_task owner(time, join(outer));
  owner.cancel();

  CHECK(owner.ended());
  CHECK(outer.notes == journal{"inner cancelled", "outer cancelled", "inner joined", "joined"});
  CHECK(time.main_loop().timers().armed_count() == 0);
}

}  // namespace
}  // namespace cohort

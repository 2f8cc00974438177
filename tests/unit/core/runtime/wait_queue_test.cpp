#include "core/runtime/wait_queue.hpp"

#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/runtime/task_group.hpp"
#include "core/runtime/when_all.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

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

task<wait_status> wait_in(wait_queue& queue, deadline until = deadline::never()) {
  co_return co_await queue.wait(until);
}

task<> note_wait(wait_queue& queue, journal& notes, std::string name, deadline until = deadline::never()) {
  const auto status = co_await queue.wait(until);
  notes.push_back(name + " " + to_string(status));
}

task<> notify_one_after(duration span, wait_queue& queue) {
  co_await sleep_for(span);
  queue.notify_one();
}

task<> wait_twice(wait_queue& queue, journal& notes, std::string name) {
  co_await queue.wait();
  notes.push_back(name + " first");
  co_await queue.wait();
  notes.push_back(name + " second");
}

task<> notify_all_after(duration span, wait_queue& queue) {
  co_await sleep_for(span);
  queue.notify_all();
}

TEST_CASE("Those who wait are woken first come first served, one at a time") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  lone_task first(time, note_wait(queue, notes, "first"));
  lone_task second(time, note_wait(queue, notes, "second"));
  lone_task third(time, note_wait(queue, notes, "third"));

  lone_task one(time, notify_one_after(1ms, queue));
  time.run_for(2ms);
  CHECK(notes == journal{"first notified"});
  CHECK_FALSE(queue.empty());

  lone_task all(time, notify_all_after(1ms, queue));
  time.run_for(2ms);
  CHECK(notes == journal{"first notified", "second notified", "third notified"});
  CHECK(queue.empty());
}

TEST_CASE("Telling a queue in which nobody waits says so and is not remembered") {
  virtual_time time;
  wait_queue queue;
  CHECK_FALSE(queue.notify_one());
  queue.notify_all();

  const deadline until{time.now() + 10ms};
  CHECK(time.run(wait_in(queue, until)) == wait_status::timed_out);
}

TEST_CASE("Whoever waits again is woken by the next call, not by the same one") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  lone_task twice(time, wait_twice(queue, notes, "a"));
  lone_task other(time, wait_twice(queue, notes, "b"));

  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(notes == journal{"a first", "b first"});
  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(notes == journal{"a first", "b first", "a second", "b second"});
}

TEST_CASE("A wait ends by itself at its deadline, and takes its place out of the queue") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  const auto start = time.now();
  lone_task impatient(time, note_wait(queue, notes, "impatient", deadline{start + 10ms}));
  lone_task patient(time, note_wait(queue, notes, "patient"));

  time.run_for(9ms);
  CHECK(notes.empty());
  time.run_for(1ms + tick);
  CHECK(notes == journal{"impatient timed out"});

  time.run(notify_one_after(1ms, queue));
  time.run_for(0s);
  CHECK(notes.back() == "patient notified");
}

TEST_CASE("A wait that is told in time leaves no timer behind") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  lone_task waiting(time, note_wait(queue, notes, "it", deadline{time.now() + 1h}));
  time.run(notify_one_after(1ms, queue));
  time.run_for(0s);

  CHECK(notes == journal{"it notified"});
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A cancelled wait says so as a value, and whoever waits behind it keeps its turn") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  lone_task first(time, note_wait(queue, notes, "first"));
  lone_task second(time, note_wait(queue, notes, "second"));
  lone_task third(time, note_wait(queue, notes, "third"));

  second.cancel();
  CHECK(notes == journal{"second cancelled"});
  CHECK(second.ended());
  CHECK_FALSE(second.ended_by_cancellation());

  time.run(notify_all_after(1ms, queue));
  time.run_for(0s);
  CHECK(notes == journal{"second cancelled", "first notified", "third notified"});
}

TEST_CASE("After a cancelled wait the next one throws") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  lone_task twice(time, wait_twice(queue, notes, "it"));
  twice.cancel();

  CHECK(notes == journal{"it first"});
  CHECK(twice.ended_by_cancellation());
}

TEST_CASE("A waiter that was told first and cancelled then has been told") {
  virtual_time time;
  wait_queue queue;
  journal notes;
  task_group group([](const std::exception_ptr&) {});
  lone_task both(time, [](wait_queue& waiters, journal& written, task_group& owner) -> task<> {
    owner.spawn(note_wait(waiters, written, "it"));
    waiters.notify_one();
    owner.cancel();
    co_await owner.join();
  }(queue, notes, group));

  CHECK(both.ended());
  CHECK(notes == journal{"it notified"});
}

task<> destroy(std::optional<wait_queue>& queue) {
  queue.reset();
  co_return;
}

TEST_CASE("Whoever waits in a queue that is destroyed is told that it is over") {
  virtual_time time;
  journal notes;
  std::optional<wait_queue> queue(std::in_place);
  lone_task first(time, note_wait(*queue, notes, "first"));
  lone_task second(time, note_wait(*queue, notes, "second", deadline{time.now() + 1h}));

  time.run(destroy(queue));
  time.run_for(0s);

  CHECK(notes == journal{"first cancelled", "second cancelled"});
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("A queue may go while no loop runs, and its waiters still hear of it") {
  virtual_time time;
  journal notes;
  std::optional<wait_queue> queue(std::in_place);
  lone_task waiting(time, note_wait(*queue, notes, "it"));

  queue.reset();
  time.run_for(0s);

  CHECK(notes == journal{"it cancelled"});
}

task<wait_status> sleep_status(duration span) { co_return co_await sleep_for(span); }
task<wait_status> sleep_status(deadline until) { co_return co_await sleep_until(until); }

TEST_CASE("A sleep ends when its time has come") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(sleep_status(250ms)) == wait_status::timed_out);
  CHECK(time.now() - start >= 250ms);
  CHECK(time.now() - start <= 250ms + tick);
}

TEST_CASE("A sleep until a moment that has passed ends at once") {
  virtual_time time;
  const auto start = time.now();
  CHECK(time.run(sleep_status(deadline{start - 1s})) == wait_status::timed_out);
  CHECK(time.now() - start <= tick);
}

TEST_CASE("A cancelled sleep ends at once and leaves no timer behind") {
  virtual_time time;
  const auto start = time.now();
  lone_task sleeping(time, sleep_status(1h));
  sleeping.cancel();

  CHECK(sleeping.outcome().value == wait_status::cancelled);
  CHECK(time.now() == start);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

task<> note_event(event& happened, journal& notes, std::string name, deadline until = deadline::never()) {
  const auto status = co_await happened.wait(until);
  notes.push_back(name + " " + to_string(status));
}

task<> set_now(event& happened) {
  happened.set();
  co_return;
}

TEST_CASE("An event wakes all who wait for it, and later comers do not wait until it is reset") {
  virtual_time time;
  event happened;
  journal notes;
  lone_task first(time, note_event(happened, notes, "first"));
  lone_task second(time, note_event(happened, notes, "second"));
  CHECK_FALSE(happened.is_set());

  time.run(set_now(happened));
  time.run_for(0s);
  CHECK(happened.is_set());
  CHECK(notes == journal{"first notified", "second notified"});

  time.run(note_event(happened, notes, "third"));
  CHECK(notes.back() == "third notified");

  happened.reset();
  time.run(note_event(happened, notes, "fourth", deadline{time.now() + 1ms}));
  CHECK(notes.back() == "fourth timed out");
}

}  // namespace
}  // namespace cohort

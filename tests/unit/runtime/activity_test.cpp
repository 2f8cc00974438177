// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/activity.hpp>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

std::string current_name() {
  const auto* const running_activity = loop::current().current_activity();
  return running_activity && running_activity->name() ? running_activity->name() : "none";
}

task<> record_activity_after(duration delay, std::vector<std::string>* seen) {
  auto sleep_task = sleep_for(delay);
  co_await std::move(sleep_task);
  seen->push_back(current_name());
}

/// Waits twice within an activity, and also in a child coroutine.
task<> work(const char* name, duration delay, std::vector<std::string>* seen) {
  activity_scope own_activity{activity_kind::request};
  own_activity->begin(name, 1, 2, loop::current().now());
  seen->push_back(current_name());
  auto first = record_activity_after(delay, seen);
  co_await std::move(first);
  auto both_tasks = when_all(record_activity_after(delay, seen), record_activity_after(delay, seen));
  co_await std::move(both_tasks);
  seen->push_back(current_name());
}

task<> run_both(std::vector<std::string>* a, std::vector<std::string>* b) {
  auto both_tasks = when_all(work("a", 10ms, a), work("b", 15ms, b));
  co_await std::move(both_tasks);
}

TEST_CASE("activity: a coroutine and its children keep their activity after each suspension", "[runtime][activity]") {
  virtual_time time;
  std::vector<std::string> a, b;
  time.run(run_both(&a, &b));
  CHECK(a == std::vector<std::string>(5, "a"));
  CHECK(b == std::vector<std::string>(5, "b"));
}

task<> spawn_from_activity(task_group* group, std::vector<std::string>* seen) {
  activity_scope own_activity{activity_kind::request};
  own_activity->begin("owner", 0, 0, loop::current().now());
  group->spawn(record_activity_after(10ms, seen));
  seen->push_back(current_name());
  auto sleep_task = sleep_for(1ms);
  co_await std::move(sleep_task);
}

task<> spawn_and_join(std::vector<std::string>* seen) {
  task_group group{[](const std::exception_ptr&) {}};
  auto spawn_task = spawn_from_activity(&group, seen);
  co_await std::move(spawn_task);
  auto join_task = group.join();
  co_await std::move(join_task);
}

TEST_CASE("activity: a task in a group has no activity, because it can outlive the activity of its creator",
          "[runtime][activity]") {
  virtual_time time;
  std::vector<std::string> seen;
  time.run(spawn_and_join(&seen));
  CHECK(seen == std::vector<std::string>{"owner", "none"});
}

task<> list_activities(std::vector<std::string>* seen) {
  auto& list = loop::current().activities();
  const auto note = [&] {
    std::string names;
    list.visit([&](const activity& each) { names.append(each.name()).append(" "); });
    seen->push_back(names);
  };
  auto& first = list.acquire(activity_kind::request);
  auto& second = list.acquire(activity_kind::job);
  first.begin("first", 0, 0, loop::current().now());
  note();
  second.begin("second", 0, 0, loop::current().now());
  note();
  first.end();
  note();
  list.release(first);
  list.release(second);
  note();
  // The objects are reused.
  CHECK(&list.acquire(activity_kind::request) == &second);
  list.release(second);
  co_return;
}

TEST_CASE("activity_list: lists the started activities, the most recent first", "[runtime][activity]") {
  virtual_time time;
  std::vector<std::string> seen;
  time.run(list_activities(&seen));
  CHECK(seen == std::vector<std::string>{"first ", "second first ", "second ", ""});
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/background_tasks.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/runtime/task_fixtures.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

task<> spawn_on_loop(service::background_tasks& tasks, task<> work) {
  tasks.spawn(std::move(work));
  co_return;
}

task<> discard_result(task<int> work) { co_await std::move(work); }

void spawn(virtual_time& time, service::background_tasks& tasks, task<> work) {
  time.run(spawn_on_loop(tasks, std::move(work)));
}

telemetry::logger disabled_log(telemetry::log_sink& sink) {
  return {sink, "test", telemetry::log_level::off, telemetry::log_format::json};
}

TEST_CASE("background_tasks: a task continues after the end of the coroutine that spawned it",
          "[service][background]") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background_tasks tasks{{&time.event_loop()}, disabled_log(sink)};
  log_lines lines;
  spawn(time, tasks, log_after(1s, lines, "done"));
  CHECK(lines.empty());
  time.run_for(2s);
  CHECK(lines == log_lines{"done"});
  time.run(tasks.stop());
}

TEST_CASE("background_tasks: stop cancels the tasks and waits until they have ended", "[service][background]") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background_tasks tasks{{&time.event_loop()}, disabled_log(sink)};
  log_lines lines;
  spawn(time, tasks, discard_result(log_sleep(1h, lines, "a")));
  spawn(time, tasks, discard_result(ignore_cancellation(3s, 0, lines)));
  const auto start = time.now();
  time.run(tasks.stop());
  CHECK(lines == log_lines{"a cancelled", "ended despite cancellation"});
  CHECK(time.now() - start >= 3s);
  CHECK(time.now() - start < 4s);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("background_tasks: stop without tasks returns immediately", "[service][background]") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background_tasks tasks{{&time.event_loop()}, disabled_log(sink)};
  const auto start = time.now();
  time.run(tasks.stop());
  CHECK(time.now() == start);
}

TEST_CASE("background_tasks: the exception of a task is logged and does not affect other tasks",
          "[service][background]") {
  captured_log log;
  log_lines ended_tasks;
  {
    virtual_time time;
    service::background_tasks tasks{{&time.event_loop()},
                                    {log.sink(), "test", telemetry::log_level::info, telemetry::log_format::json}};
    spawn(time, tasks, discard_result(throw_after(1s, "connection lost")));
    spawn(time, tasks, log_after(2s, ended_tasks, "done"));
    time.run_for(3s);
    spawn(time, tasks, discard_result(log_sleep(1h, ended_tasks, "second")));
    time.run(tasks.stop());
  }
  CHECK(ended_tasks.front() == "done");
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("connection lost") != std::string::npos);
  CHECK(lines[0].find("error") != std::string::npos);
}

}  // namespace
}  // namespace cohort

#include "core/service/background.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/core/runtime/tasks.hpp"
#include "tests/unit/core/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

task<> start_in(service::background& work, std::vector<task<>> all) {
  for (auto& each : all) work.spawn(std::move(each));
  co_return;
}

task<> as_void(task<int> work) { co_await std::move(work); }

void spawn(virtual_time& time, service::background& work, task<> only) {
  std::vector<task<>> all;
  all.push_back(std::move(only));
  time.run(start_in(work, std::move(all)));
}

telemetry::logger silent(telemetry::log_sink& sink) {
  return {sink, "test", telemetry::log_level::off, telemetry::log_format::json};
}

TEST_CASE("Work in the background goes on after the one who started it") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background work{{&time.main_loop()}, silent(sink)};
  journal notes;
  spawn(time, work, note_after(1s, notes, "done"));
  CHECK(notes.empty());
  time.run_for(2s);
  CHECK(notes == journal{"done"});
  time.run(work.stop());
}

TEST_CASE("Stopping cancels the work, and waits for what does not end at once") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background work{{&time.main_loop()}, silent(sink)};
  journal notes;
  spawn(time, work, as_void(sleeper(1h, notes, "a")));
  spawn(time, work, as_void(stubborn(3s, 0, notes)));
  const auto start = time.now();
  time.run(work.stop());
  CHECK(notes == journal{"a cancelled", "stubborn ended"});
  CHECK(time.now() - start >= 3s);
  CHECK(time.now() - start < 4s);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Stopping where nothing goes on ends at once") {
  virtual_time time;
  telemetry::log_sink sink;
  service::background work{{&time.main_loop()}, silent(sink)};
  const auto start = time.now();
  time.run(work.stop());
  CHECK(time.now() == start);
}

TEST_CASE("A failure in the background is logged, and the rest goes on") {
  captured_log log;
  journal notes;
  {
    virtual_time time;
    service::background work{{&time.main_loop()},
                             {log.sink(), "test", telemetry::log_level::info, telemetry::log_format::json}};
    spawn(time, work, as_void(fail_after(1s, "it broke")));
    spawn(time, work, note_after(2s, notes, "done"));
    time.run_for(3s);
    spawn(time, work, as_void(sleeper(1h, notes, "cancelled is no failure:")));
    time.run(work.stop());
  }
  CHECK(notes.front() == "done");
  const auto lines = log.close();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("it broke") != std::string::npos);
  CHECK(lines[0].find("error") != std::string::npos);
}

}  // namespace
}  // namespace cohort

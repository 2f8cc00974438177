#include "core/service/loop_monitor.hpp"

#include <pthread.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <thread>

#include "core/runtime/runtime.hpp"
#include "core/runtime/task_group.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using service::loop_monitor;

/// By the series' name and the loop's label.
std::map<std::string, double> loop_series(const telemetry::registry& all) {
  std::map<std::string, double> found;
  for (const auto& family : all.collect()) {
    for (const auto& member : family.metric) {
      if (member.label.size() != 1 || member.label[0].name != "loop") continue;
      const bool counts = family.type == prometheus::MetricType::Counter;
      found[family.name + " " + member.label[0].value] = counts ? member.counter.value : member.gauge.value;
    }
  }
  return found;
}

std::vector<std::unique_ptr<loop_monitor>> monitors_of(std::vector<loop*> loops,
                                                       std::vector<telemetry::registry*> report_to) {
  std::vector<std::unique_ptr<loop_monitor>> made;
  for (auto* each : loops) made.push_back(std::make_unique<loop_monitor>(*each, report_to));
  return made;
}

task<> begin(loop_monitor& watch) {
  watch.start();
  co_return;
}

task<> spawn_in(task_group& group, duration span, journal& notes) {
  group.spawn(note_after(span, notes, "done"));
  co_return;
}

TEST_CASE("A loop's armed timers and running tasks are told, each loop's by its own") {
  virtual_time time;
  loop other{machine_clock(), 1};
  telemetry::registry metrics{2};
  const auto monitors = monitors_of({&time.main_loop(), &other}, {&metrics});
  service::add_loop_metrics(metrics, monitors);
  CHECK(loop_series(metrics) == std::map<std::string, double>{{"cohort_loop_cpu_seconds_total 0", 0},
                                                              {"cohort_loop_cpu_seconds_total 1", 0},
                                                              {"cohort_loop_timers 0", 0},
                                                              {"cohort_loop_timers 1", 0},
                                                              {"cohort_loop_tasks 0", 0},
                                                              {"cohort_loop_tasks 1", 0}});
  time.run(begin(*monitors[0]));
  journal notes;
  task_group group{[](const std::exception_ptr&) {}};
  time.run(spawn_in(group, 500ms, notes));
  time.run(spawn_in(group, 700ms, notes));
  auto seen = loop_series(metrics);
  CHECK(seen["cohort_loop_tasks 0"] == 2);
  CHECK(seen["cohort_loop_timers 0"] == 3);  // the monitor's own among them
  CHECK(seen["cohort_loop_tasks 1"] + seen["cohort_loop_timers 1"] == 0);

  time.run_for(600ms);
  seen = loop_series(metrics);
  CHECK(seen["cohort_loop_tasks 0"] == 1);
  CHECK(seen["cohort_loop_timers 0"] == 2);
  time.run(group.join());
  CHECK(loop_series(metrics)["cohort_loop_tasks 0"] == 0);
}

TEST_CASE("All registries of a process tell the same of its loops, and the lag") {
  virtual_time time;
  telemetry::registry first{1};
  telemetry::registry second{1};
  const auto monitors = monitors_of({&time.main_loop()}, {&first, &second});
  service::add_loop_metrics(first, monitors);
  service::add_loop_metrics(second, monitors);
  time.run(begin(*monitors[0]));
  for (auto* each : {&first, &second}) {
    CHECK(loop_series(*each)["cohort_loop_timers 0"] == 1);
    const auto before = each->make_histogram("cohort_loop_lag_seconds", "").snapshot().sample_count;
    time.run_for(2s + 3 * tick);
    CHECK(each->make_histogram("cohort_loop_lag_seconds", "").snapshot().sample_count == before + 2);
  }
}

TEST_CASE("CPU time is that of the loop's own thread, whoever asks") {
  runtime threads{2};
  telemetry::registry metrics{2};
  const auto monitors = monitors_of({&threads.at(0), &threads.at(1)}, {&metrics});
  service::add_loop_metrics(metrics, monitors);
  const auto use_some = [&] {
    monitors[1]->start();
    // The other loop, which waits meanwhile, uses next to nothing.
    while (monitors[1]->cpu_seconds() < 0.05) {
    }
    auto seen = loop_series(metrics);
    CHECK(seen["cohort_loop_cpu_seconds_total 1"] >= 0.05);
    threads.stop();
  };
  asio::post(threads.at(0).get_executor(), [&] {
    monitors[0]->start();
    asio::post(threads.at(1).get_executor(), use_some);
  });
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  threads.run();
  const double first = monitors[0]->cpu_seconds();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  CHECK(first >= static_cast<double>(before.tv_sec) + static_cast<double>(before.tv_nsec) / 1e9);
  CHECK(first <= static_cast<double>(after.tv_sec) + static_cast<double>(after.tv_nsec) / 1e9);
}

}  // namespace
}  // namespace cohort

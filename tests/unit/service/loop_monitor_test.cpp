// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/loop_monitor.hpp>

#include <pthread.h>

#include <catch2/catch_test_macros.hpp>
#include <map>
#include <thread>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/runtime.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using service::loop_monitor;

/// Returns the values by metric name and loop index, such as `cohort_loop_timers 0`.
std::map<std::string, double> loop_series(const telemetry::registry& metrics) {
  std::map<std::string, double> series;
  for (const auto& family : metrics.collect()) {
    for (const auto& metric : family.metric) {
      if (metric.label.size() != 1 || metric.label[0].name != "loop") continue;
      const bool is_counter = family.type == prometheus::MetricType::Counter;
      series[family.name + " " + metric.label[0].value] = is_counter ? metric.counter.value : metric.gauge.value;
    }
  }
  return series;
}

std::vector<std::unique_ptr<loop_monitor>> make_monitors(const std::vector<loop*>& loops,
                                                         const std::vector<telemetry::registry*>& registries) {
  std::vector<std::unique_ptr<loop_monitor>> monitors;
  for (auto* event_loop : loops) monitors.push_back(std::make_unique<loop_monitor>(*event_loop, registries));
  return monitors;
}

task<> start(loop_monitor& monitor) {
  monitor.start();
  co_return;
}

task<> spawn_in(task_group& group, duration span, log_lines& lines) {
  group.spawn(log_after(span, lines, "done"));
  co_return;
}

TEST_CASE("loop metrics: armed timers and running tasks are reported for each loop", "[service][loop_monitor]") {
  virtual_time time;
  loop other_loop{real_clock(), 1};
  telemetry::registry metrics{2};
  const auto monitors = make_monitors({&time.event_loop(), &other_loop}, {&metrics});
  service::add_loop_metrics(metrics, monitors);
  CHECK(loop_series(metrics) == std::map<std::string, double>{{"cohort_loop_cpu_seconds_total 0", 0},
                                                              {"cohort_loop_cpu_seconds_total 1", 0},
                                                              {"cohort_loop_timers 0", 0},
                                                              {"cohort_loop_timers 1", 0},
                                                              {"cohort_loop_tasks 0", 0},
                                                              {"cohort_loop_tasks 1", 0}});
  time.run(start(*monitors[0]));
  log_lines lines;
  task_group group{[](const std::exception_ptr&) {}};
  time.run(spawn_in(group, 500ms, lines));
  time.run(spawn_in(group, 700ms, lines));
  auto series = loop_series(metrics);
  CHECK(series["cohort_loop_tasks 0"] == 2);
  CHECK(series["cohort_loop_timers 0"] == 3);  // includes the timer of the monitor
  CHECK(series["cohort_loop_tasks 1"] + series["cohort_loop_timers 1"] == 0);

  time.run_for(600ms);
  series = loop_series(metrics);
  CHECK(series["cohort_loop_tasks 0"] == 1);
  CHECK(series["cohort_loop_timers 0"] == 2);
  time.run(group.join());
  CHECK(loop_series(metrics)["cohort_loop_tasks 0"] == 0);
}

TEST_CASE("loop metrics: each registry reports the same loops and lag", "[service][loop_monitor]") {
  virtual_time time;
  telemetry::registry first{1};
  telemetry::registry second{1};
  const auto monitors = make_monitors({&time.event_loop()}, {&first, &second});
  service::add_loop_metrics(first, monitors);
  service::add_loop_metrics(second, monitors);
  time.run(start(*monitors[0]));
  for (auto* registry : {&first, &second}) {
    CHECK(loop_series(*registry)["cohort_loop_timers 0"] == 1);
    const auto sample_count_before = registry->make_histogram("cohort_loop_lag_seconds", "").snapshot().sample_count;
    time.run_for(2s + 3 * tick);
    CHECK(registry->make_histogram("cohort_loop_lag_seconds", "").snapshot().sample_count == sample_count_before + 2);
  }
}

TEST_CASE("loop metrics: the CPU time is measured on the loop's thread", "[service][loop_monitor][threads]") {
  runtime threads{2};
  telemetry::registry metrics{2};
  const auto monitors = make_monitors({&threads.at(0), &threads.at(1)}, {&metrics});
  service::add_loop_metrics(metrics, monitors);
  const auto use_cpu_time = [&] {
    monitors[1]->start();
    // The other loop is idle, so its CPU time stays near zero.
    while (monitors[1]->cpu_seconds() < 0.05) {
    }
    auto series = loop_series(metrics);
    CHECK(series["cohort_loop_cpu_seconds_total 1"] >= 0.05);
    threads.stop();
  };
  asio::post(threads.at(0).get_executor(), [&] {
    monitors[0]->start();
    asio::post(threads.at(1).get_executor(), use_cpu_time);
  });
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  threads.run();
  const double first_loop_seconds = monitors[0]->cpu_seconds();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  CHECK(first_loop_seconds >= static_cast<double>(before.tv_sec) + static_cast<double>(before.tv_nsec) / 1e9);
  CHECK(first_loop_seconds <= static_cast<double>(after.tv_sec) + static_cast<double>(after.tv_nsec) / 1e9);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/run_verdict.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

interval_report make_interval(std::size_t index, std::size_t phase, std::uint64_t planned, double cpu) {
  interval_report interval;
  interval.start = 1s * static_cast<int>(index);
  interval.length = 1s;
  interval.phase = phase;
  interval.totals.planned = planned;
  interval.busiest_worker_cpu = cpu;
  return interval;
}

/// Returns a report of two phases of five seconds with 100 requests/s, which all succeed after one millisecond.
run_report valid_report() {
  run_report report;
  report.planned_duration = 10s;
  report.run_duration = 20s;
  report.targets = {{.name = "a"}, {.name = "b"}};
  report.phases.resize(2);
  for (std::size_t i = 0; i < 10; ++i) report.intervals.push_back(make_interval(i, i / 5, 100, 0.1));
  report.target_stats.resize(2);
  for (auto* stats : {&report.totals, &report.target_stats[0], &report.target_stats[1]}) {
    const std::uint64_t requests = stats == &report.totals ? 1000 : 500;
    stats->planned = requests;
    stats->outcomes[static_cast<std::size_t>(request_outcome::status_2xx)] = requests;
    for (std::uint64_t i = 0; i < requests; ++i) {
      stats->response_time.record(1ms);
      stats->dispatch_lag.record(100us);
    }
  }
  return report;
}

/// Sets the dispatch lag of `count` of 1000 requests.
void set_dispatch_lag(run_report& report, duration lag, std::uint64_t count = 1000) {
  report.totals.dispatch_lag = {};
  report.totals.dispatch_lag.record(10, 1000 - count);
  report.totals.dispatch_lag.record(static_cast<std::uint64_t>(lag / 1us), count);
}

void add_outcomes(run_report& report, request_outcome outcome, std::uint64_t count) {
  report.totals.outcomes[static_cast<std::size_t>(outcome)] += count;
}

/// A quarter of the requests starts after the end of the load profile.
void add_late_requests(run_report& report) { report.intervals.push_back(make_interval(10, 1, 250, 0.1)); }

void add_regression(run_report& report) {
  report.baseline = baseline_comparison{.file = "before.json", .measures = {{.name = "p99", .is_worse = true}}};
}

std::vector<objective> parse_objectives(std::initializer_list<const char*> texts) {
  std::vector<objective> objectives;
  for (const auto* text : texts) objectives.push_back(*parse_objective(text));
  return objectives;
}

std::vector<std::string> reasons_of(const run_report& report, const std::vector<objective>& objectives = {}) {
  std::vector<std::string> reasons;
  for (const auto& limit : find_generator_limits(report, objectives)) reasons.push_back(limit.reason);
  return reasons;
}

TEST_CASE("verdict: a run without faults passes without reasons", "[loadgen][results]") {
  const auto report = valid_report();
  CHECK(find_generator_limits(report, {}).empty());
  const auto verdict = evaluate_run(report, parse_objectives({"p99<2ms", "a:max<=1ms", "error_rate<1%"}), {});
  CHECK(verdict.kind == verdict_kind::passed);
  CHECK(verdict.exit_status() == 0);
  CHECK(verdict.reasons.empty());
  REQUIRE(verdict.objectives.size() == 3);
  for (const auto& objective : verdict.objectives) CHECK(objective.is_met);
}

TEST_CASE("verdict: the allowed dispatch lag is 1 ms, or a tenth of the tightest latency objective if that is longer",
          "[loadgen][results]") {
  struct lag_case {
    std::vector<objective> objectives;
    duration allowed_lag;
  };
  const auto example = GENERATE(from_range(std::vector<lag_case>{
      {{}, 1ms},
      {parse_objectives({"p99<5ms"}), 1ms},
      {parse_objectives({"p99<10ms"}), 1ms},
      {parse_objectives({"p99<15ms"}), 1500us},
      {parse_objectives({"mean<15ms"}), 1500us},
      {parse_objectives({"b:max<=15ms"}), 1500us},
      {parse_objectives({"p99<1s", "p50<15ms", "max<10s"}), 1500us},
      {parse_objectives({"error_rate<50%", "rate>50000"}), 1ms},
      {parse_objectives({"error_rate<50%", "p99<15ms"}), 1500us},
  }));
  auto report = valid_report();
  set_dispatch_lag(report, example.allowed_lag);
  CHECK(find_generator_limits(report, example.objectives).empty());
  set_dispatch_lag(report, example.allowed_lag + 1us);
  CHECK(find_generator_limits(report, example.objectives).size() == 1);
}

TEST_CASE("verdict: up to 1 % of the requests may exceed the allowed dispatch lag", "[loadgen][results]") {
  auto report = valid_report();
  set_dispatch_lag(report, 1s, 10);
  CHECK(find_generator_limits(report, {}).empty());
  set_dispatch_lag(report, 1s, 11);
  CHECK(find_generator_limits(report, {}).size() == 1);
}

TEST_CASE("verdict: the reason for dispatch lag has the lag and the limit", "[loadgen][results]") {
  auto report = valid_report();
  set_dispatch_lag(report, 1900us);
  CHECK(reasons_of(report, parse_objectives({"p99<15ms"})) ==
        std::vector<std::string>{"The generator was delayed: the p99 of dispatch lag is 1.90 ms; at most 1.50 ms is "
                                 "allowed. Run it on a separate CPU."});
}

TEST_CASE("verdict: dispatch lag does not make a closed-loop run invalid", "[loadgen][results]") {
  auto report = valid_report();
  report.planned_rate.reset();
  set_dispatch_lag(report, 1s);
  add_late_requests(report);
  CHECK(find_generator_limits(report, {}).empty());
}

TEST_CASE("verdict: a worker that is busy for 80 % of a phase makes the run invalid", "[loadgen][results]") {
  auto report = valid_report();
  const std::size_t phase = GENERATE(0, 1);
  if (GENERATE(false, true)) report.planned_rate.reset();
  const auto set_cpu_utilization = [&](double share) {
    for (auto& interval : report.intervals)
      if (interval.phase == phase) interval.busiest_worker_cpu = share;
  };
  set_cpu_utilization(0.7999);
  CHECK(find_generator_limits(report, {}).empty());
  set_cpu_utilization(0.8001);
  CHECK(reasons_of(report) ==
        std::vector<std::string>{
            "A worker was busy for 80.0 % of a phase; the limit is 80.0 %. Use more --threads, or a lower rate."});
  set_cpu_utilization(0.9549);
  REQUIRE(find_generator_limits(report, {}).size() == 1);
  CHECK(reasons_of(report).front().starts_with("A worker was busy for 95.4 % of a phase"));
}

TEST_CASE("verdict: a worker's CPU utilization is a mean over a phase", "[loadgen][results]") {
  auto report = valid_report();
  report.intervals[0].busiest_worker_cpu = 1;
  report.intervals[7].busiest_worker_cpu = 1;
  CHECK(find_generator_limits(report, {}).empty());
  for (std::size_t i = 5; i < 9; ++i) report.intervals[i].busiest_worker_cpu = 0.99;
  CHECK(find_generator_limits(report, {}).size() == 1);
}

TEST_CASE("verdict: phases of one interval, partial intervals and the drain do not count for the CPU utilization",
          "[loadgen][results]") {
  auto report = valid_report();
  SECTION("a phase of one second") {
    report.phases.resize(3);
    report.intervals[9].phase = 2;
    report.intervals[9].busiest_worker_cpu = 1;
  }
  SECTION("partial intervals") {
    for (std::size_t i = 5; i < 10; ++i) {
      report.intervals[i].length = 999ms;
      report.intervals[i].busiest_worker_cpu = 1;
    }
  }
  SECTION("the drain after the load profile") {
    for (std::size_t i = 10; i < 30; ++i) report.intervals.push_back(make_interval(i, 1, 0, 1));
  }
  CHECK(find_generator_limits(report, {}).empty());
}

TEST_CASE("verdict: one percent of the requests may start after the end of the load profile", "[loadgen][results]") {
  auto report = valid_report();
  report.intervals.push_back(make_interval(10, 1, 10, 0.1));
  CHECK(find_generator_limits(report, {}).empty());
  report.intervals.push_back(make_interval(11, 1, 1, 0.1));
  CHECK(reasons_of(report) ==
        std::vector<std::string>{"Only 98.9 % of the requests started before the end of the load profile: the "
                                 "generator could not keep up."});
}

TEST_CASE("verdict: a ratio just below the limit is not rounded up to the limit", "[loadgen][results]") {
  auto report = valid_report();
  report.totals.planned = 100'000;
  report.intervals.push_back(make_interval(10, 1, 1'001, 0.1));
  REQUIRE(find_generator_limits(report, {}).size() == 1);
  CHECK(reasons_of(report).front().starts_with("Only 98.9 % "));
}

TEST_CASE("verdict: one request without a file descriptor or a local port makes the run invalid",
          "[loadgen][results]") {
  auto report = valid_report();
  CHECK(find_generator_limits(report, {}).empty());
  add_outcomes(report, request_outcome::local_fd, 1);
  CHECK(
      reasons_of(report) ==
      std::vector<std::string>{"This machine had no file descriptor left for 1 request. Raise the limit (ulimit -n)."});
  report = valid_report();
  add_outcomes(report, request_outcome::local_port, 7);
  CHECK(reasons_of(report) == std::vector<std::string>{"This machine had no local port left for 7 requests. Use "
                                                       "keep-alive, or fewer connections."});
}

TEST_CASE("verdict: failures of the server do not make the run invalid", "[loadgen][results]") {
  auto report = valid_report();
  for (std::size_t i = 0; i < outcome_count; ++i) {
    if (!is_generator_limit(static_cast<request_outcome>(i))) report.totals.outcomes[i] += 100;
  }
  CHECK(find_generator_limits(report, {}).empty());
}

TEST_CASE("verdict: all reasons of an invalid run are listed", "[loadgen][results]") {
  auto report = valid_report();
  set_dispatch_lag(report, 1s);
  for (auto& interval : report.intervals) interval.busiest_worker_cpu = 1;
  add_late_requests(report);
  add_outcomes(report, request_outcome::local_fd, 1);
  add_outcomes(report, request_outcome::local_port, 1);
  CHECK(find_generator_limits(report, {}).size() == 5);
}

TEST_CASE("verdict: an invalid run names what limited the generator", "[loadgen][results]") {
  auto report = valid_report();
  CHECK(evaluate_run(report, {}, {}).limited_by.empty());
  set_dispatch_lag(report, 1s);
  add_outcomes(report, request_outcome::local_fd, 1);
  const auto verdict = evaluate_run(report, {}, {});
  CHECK(verdict.kind == verdict_kind::invalid);
  CHECK(verdict.limited_by == std::vector<std::string_view>{"dispatch_lag", "file_descriptors"});
  CHECK(verdict.reasons.size() == 2);
}

TEST_CASE("verdict: remarks that do not affect the verdict are hints", "[loadgen][results]") {
  auto report = valid_report();
  add_outcomes(report, request_outcome::status_503, 10);
  for (auto& interval : report.intervals) interval.waiting = 1;
  const auto verdict = evaluate_run(report, {}, {});
  CHECK(verdict.kind == verdict_kind::passed);
  CHECK(verdict.reasons.empty());
  REQUIRE(verdict.hints.size() == 2);
  CHECK(verdict.hints[0].starts_with("Requests waited for a connection in 10 of 10 intervals"));
  CHECK(verdict.hints[1].starts_with("The error rate of "));
}

TEST_CASE("verdict: a run without requests and intervals is valid", "[loadgen][results]") {
  CHECK(find_generator_limits(run_report{}, {}).empty());
}

TEST_CASE("verdict: interrupted precedes invalid, invalid precedes failed, failed precedes regression",
          "[loadgen][results]") {
  const bool is_interrupted = GENERATE(false, true);
  const bool is_invalid = GENERATE(false, true);
  const bool is_failed = GENERATE(false, true);
  const bool has_regression = GENERATE(false, true);
  CAPTURE(is_interrupted, is_invalid, is_failed, has_regression);
  auto report = valid_report();
  if (is_invalid) add_late_requests(report);
  if (has_regression) add_regression(report);
  early_end end;
  if (is_interrupted) end = {"Interrupted (SIGINT).", true};
  const auto verdict = evaluate_run(report, parse_objectives({"p99<2ms", is_failed ? "p50<1us" : "p50<2ms"}), end);
  const int expected = is_interrupted ? 105 : is_invalid ? 120 : is_failed ? 99 : has_regression ? 121 : 0;
  CHECK(verdict.exit_status() == expected);
  CHECK(verdict.reasons.size() == std::size_t{is_interrupted} + is_invalid + has_regression);
  if (is_interrupted) CHECK(verdict.reasons.front() == "Interrupted (SIGINT).");
  if (has_regression) CHECK(verdict.reasons.back() == "Regression against before.json.");
  REQUIRE(verdict.objectives.size() == 2);
  CHECK(verdict.objectives[0].is_met);
  CHECK(verdict.objectives[1].is_met == !is_failed);
}

TEST_CASE("verdict: an unchanged baseline is not a regression", "[loadgen][results]") {
  auto report = valid_report();
  report.baseline =
      baseline_comparison{.file = "before.json", .measures = {{.name = "p99", .is_better = true}, {.name = "p50"}}};
  const auto verdict = evaluate_run(report, {}, {});
  CHECK(verdict.kind == verdict_kind::passed);
  CHECK(verdict.reasons.empty());
}

TEST_CASE("verdict: a run that was stopped by an objective has failed, and the objective is the first reason",
          "[loadgen][results]") {
  const auto verdict = evaluate_run(valid_report(), parse_objectives({"p50<1us"}),
                                    {"Ended early: p50<1us can no longer be met.", false});
  CHECK(verdict.kind == verdict_kind::objective_failed);
  CHECK(verdict.reasons == std::vector<std::string>{"Ended early: p50<1us can no longer be met."});
}

TEST_CASE("verdict: a rate is relative to the planned duration, or to the actual duration of a stopped run",
          "[loadgen][results]") {
  auto report = valid_report();
  CHECK(evaluate_run(report, parse_objectives({"rate>=100"}), {}).objectives[0].value == 100);
  report.run_duration = 4s;
  CHECK(evaluate_run(report, parse_objectives({"rate>=100"}), {"Interrupted (SIGINT).", true}).objectives[0].value ==
        250);
}

TEST_CASE("verdict: an objective with a target applies to that target only", "[loadgen][results]") {
  auto report = valid_report();
  report.target_stats[1].response_time = {};
  report.target_stats[1].response_time.record(3ms);
  const auto verdict = evaluate_run(report, parse_objectives({"p99<2ms", "a:p99<2ms", "b:p99<2ms"}), {});
  CHECK(verdict.objectives[0].is_met);
  CHECK(verdict.objectives[1].is_met);
  CHECK_FALSE(verdict.objectives[2].is_met);
  CHECK(verdict.kind == verdict_kind::objective_failed);
}

TEST_CASE("verdict: an objective without measurements is missed", "[loadgen][results]") {
  auto report = valid_report();
  report.target_stats[1] = {};
  CHECK(evaluate_run(report, parse_objectives({"b:p99<2ms"}), {}).kind == verdict_kind::objective_failed);
  CHECK(evaluate_run(report, parse_objectives({"b:error_rate<100%"}), {}).kind == verdict_kind::objective_failed);
}

TEST_CASE("verdict: a lower bound does not meet an upper limit", "[loadgen][results]") {
  auto report = valid_report();
  for (int i = 0; i < 20; ++i) report.totals.response_time.record_censored(1ms);
  const auto verdict = evaluate_run(report, parse_objectives({"p99<2ms"}), {});
  CHECK(verdict.kind == verdict_kind::objective_failed);
  CHECK(verdict.objectives[0].is_lower_bound);
}

}  // namespace
}  // namespace cohort

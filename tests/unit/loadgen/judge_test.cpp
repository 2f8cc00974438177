#include "loadgen/judge.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

interval second_of(std::size_t number, std::size_t phase, std::uint64_t planned, double cpu) {
  interval made;
  made.start = 1s * static_cast<int>(number);
  made.length = 1s;
  made.phase = phase;
  made.all.planned = planned;
  made.busiest_worker_cpu = cpu;
  return made;
}

/// Two phases of five seconds, 100 requests each second, all answered after a millisecond: nothing to complain about.
report good_run() {
  report made;
  made.planned_length = 10s;
  made.took = 20s;
  made.targets = {{.name = "a"}, {.name = "b"}};
  made.phases.resize(2);
  for (std::size_t i = 0; i < 10; ++i) made.intervals.push_back(second_of(i, i / 5, 100, 0.1));
  made.by_target.resize(2);
  for (auto* each : {&made.all, &made.by_target[0], &made.by_target[1]}) {
    const std::uint64_t requests = each == &made.all ? 1000 : 500;
    each->planned = requests;
    each->outcomes[static_cast<std::size_t>(outcome::status_2xx)] = requests;
    for (std::uint64_t i = 0; i < requests; ++i) {
      each->response.record(1ms);
      each->dispatch_lag.record(100us);
    }
  }
  return made;
}

void set_lag(report& of, duration span, std::uint64_t times = 1000) {
  of.all.dispatch_lag = {};
  of.all.dispatch_lag.record(10, 1000 - times);
  of.all.dispatch_lag.record(static_cast<std::uint64_t>(span / 1us), times);
}

void count_local(report& of, outcome what, std::uint64_t requests) {
  of.all.outcomes[static_cast<std::size_t>(what)] += requests;
}

/// A quarter of all requests starts after the plan's end.
void be_unable_to_keep_up(report& of) { of.intervals.push_back(second_of(10, 1, 250, 0.1)); }

void regress(report& of) {
  of.baseline = comparison{.file = "before.json", .measures = {{.name = "p99", .worse = true}}};
}

std::vector<objective> objectives(std::initializer_list<const char*> texts) {
  std::vector<objective> made;
  for (const auto* each : texts) made.push_back(*parse_objective(each));
  return made;
}

TEST_CASE("A run without a fault passes, and needs no reason for that") {
  const auto run = good_run();
  CHECK(why_invalid(run, {}).empty());
  const auto found = judge(run, objectives({"p99<2ms", "a:max<=1ms", "error_rate<1%"}), {});
  CHECK(found.kind == verdict_kind::passed);
  CHECK(found.exit_status() == 0);
  CHECK(found.reasons.empty());
  REQUIRE(found.objectives.size() == 3);
  for (const auto& each : found.objectives) CHECK(each.held);
}

TEST_CASE("The generator may be late by a millisecond, or by a tenth of the tightest latency objective") {
  struct row {
    std::vector<objective> wanted;
    duration allowed;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {{}, 1ms},
      {objectives({"p99<5ms"}), 1ms},
      {objectives({"p99<10ms"}), 1ms},
      {objectives({"p99<15ms"}), 1500us},
      {objectives({"mean<15ms"}), 1500us},
      {objectives({"b:max<=15ms"}), 1500us},
      {objectives({"p99<1s", "p50<15ms", "max<10s"}), 1500us},
      {objectives({"error_rate<50%", "rate>50000"}), 1ms},
      {objectives({"error_rate<50%", "p99<15ms"}), 1500us},
  }));
  auto run = good_run();
  set_lag(run, of.allowed);
  CHECK(why_invalid(run, of.wanted).empty());
  set_lag(run, of.allowed + 1us);
  CHECK(why_invalid(run, of.wanted).size() == 1);
}

TEST_CASE("The lag of one request in a hundred does not matter, the next one's does") {
  auto run = good_run();
  set_lag(run, 1s, 10);
  CHECK(why_invalid(run, {}).empty());
  set_lag(run, 1s, 11);
  CHECK(why_invalid(run, {}).size() == 1);
}

TEST_CASE("The reason of a late generator says how late, and how late it may be") {
  auto run = good_run();
  set_lag(run, 1900us);
  CHECK(why_invalid(run, objectives({"p99<15ms"})) ==
        std::vector<std::string>{"The generator was late: the 99th percentile of its dispatch lag is 1.90 ms, and "
                                 "1.50 ms is allowed. Give it a processor of its own."});
}

TEST_CASE("A closed loop has no plan that it could be late for") {
  auto run = good_run();
  run.closed_loop = true;
  set_lag(run, 1s);
  be_unable_to_keep_up(run);
  CHECK(why_invalid(run, {}).empty());
}

TEST_CASE("A worker may be busy for less than 80 % of a phase") {
  auto run = good_run();
  const std::size_t phase = GENERATE(0, 1);
  const bool closed = GENERATE(false, true);
  run.closed_loop = closed;
  const auto set_cpu = [&](double share) {
    for (auto& each : run.intervals)
      if (each.phase == phase) each.busiest_worker_cpu = share;
  };
  set_cpu(0.7999);
  CHECK(why_invalid(run, {}).empty());
  set_cpu(0.8001);
  CHECK(why_invalid(run, {}) ==
        std::vector<std::string>{
            "A worker was busy for 80.0 % of its time, and 80.0 % is the most at which its figures are "
            "the server's. Use more --threads, or fewer requests."});
  set_cpu(0.9549);
  REQUIRE(why_invalid(run, {}).size() == 1);
  CHECK(why_invalid(run, {}).front().starts_with("A worker was busy for 95.4 % of its time"));
}

TEST_CASE("It is a phase's mean that counts: a busy second is not a busy phase") {
  auto run = good_run();
  run.intervals[0].busiest_worker_cpu = 1;
  run.intervals[7].busiest_worker_cpu = 1;
  CHECK(why_invalid(run, {}).empty());
  for (std::size_t i = 5; i < 9; ++i) run.intervals[i].busiest_worker_cpu = 0.99;
  CHECK(why_invalid(run, {}).size() == 1);
}

TEST_CASE("Neither a second alone, nor a part of one, nor what comes after the plan makes a worker busy") {
  auto run = good_run();
  SECTION("a phase of one second") {
    run.phases.resize(3);
    run.intervals[9].phase = 2;
    run.intervals[9].busiest_worker_cpu = 1;
  }
  SECTION("parts of a second") {
    for (std::size_t i = 5; i < 10; ++i) {
      run.intervals[i].length = 999ms;
      run.intervals[i].busiest_worker_cpu = 1;
    }
  }
  SECTION("the wait for the last answers") {
    for (std::size_t i = 10; i < 30; ++i) run.intervals.push_back(second_of(i, 1, 0, 1));
  }
  CHECK(why_invalid(run, {}).empty());
}

TEST_CASE("One request in a hundred may start after the plan's end") {
  auto run = good_run();
  run.intervals.push_back(second_of(10, 1, 10, 0.1));
  CHECK(why_invalid(run, {}).empty());
  run.intervals.push_back(second_of(11, 1, 1, 0.1));
  CHECK(why_invalid(run, {}) ==
        std::vector<std::string>{"Only 98.9 % of the requests were started while the plan lasted: the generator could "
                                 "not keep up."});
}

TEST_CASE("A share that just fails to be enough does not look like enough") {
  auto run = good_run();
  run.all.planned = 100'000;
  run.intervals.push_back(second_of(10, 1, 1'001, 0.1));
  REQUIRE(why_invalid(run, {}).size() == 1);
  CHECK(why_invalid(run, {}).front().starts_with("Only 98.9 % "));
}

TEST_CASE("A machine that runs out of descriptors or ports makes a run invalid with the first request") {
  auto run = good_run();
  CHECK(why_invalid(run, {}).empty());
  count_local(run, outcome::local_fd, 1);
  CHECK(why_invalid(run, {}) ==
        std::vector<std::string>{"This machine had no file descriptor left for 1 requests (ulimit -n)."});
  run = good_run();
  count_local(run, outcome::local_port, 7);
  CHECK(why_invalid(run, {}) == std::vector<std::string>{"This machine had no local port left for 7 requests: keep "
                                                         "connections alive, or use fewer of them."});
}

TEST_CASE("The server's own failures make no run invalid") {
  auto run = good_run();
  for (std::size_t i = 0; i < outcome_count; ++i) {
    if (!is_local(static_cast<outcome>(i))) run.all.outcomes[i] += 100;
  }
  CHECK(why_invalid(run, {}).empty());
}

TEST_CASE("All that makes a run invalid is said") {
  auto run = good_run();
  set_lag(run, 1s);
  for (auto& each : run.intervals) each.busiest_worker_cpu = 1;
  be_unable_to_keep_up(run);
  count_local(run, outcome::local_fd, 1);
  count_local(run, outcome::local_port, 1);
  CHECK(why_invalid(run, {}).size() == 5);
}

TEST_CASE("A run without a request or an interval is not invalid for that") {
  CHECK(why_invalid(report{}, {}).empty());
}

TEST_CASE("Interrupted goes before invalid, invalid before failed, failed before a regression") {
  const bool interrupted = GENERATE(false, true);
  const bool invalid = GENERATE(false, true);
  const bool failed = GENERATE(false, true);
  const bool regressed = GENERATE(false, true);
  CAPTURE(interrupted, invalid, failed, regressed);
  auto run = good_run();
  if (invalid) be_unable_to_keep_up(run);
  if (regressed) regress(run);
  ending how;
  if (interrupted) how = {"Interrupted (SIGINT).", true};
  const auto found = judge(run, objectives({"p99<2ms", failed ? "p50<1us" : "p50<2ms"}), how);
  const int expected = interrupted ? 105 : invalid ? 120 : failed ? 99 : regressed ? 121 : 0;
  CHECK(found.exit_status() == expected);
  CHECK(found.reasons.size() == std::size_t{interrupted} + invalid + regressed);
  if (interrupted) CHECK(found.reasons.front() == "Interrupted (SIGINT).");
  if (regressed) CHECK(found.reasons.back() == "It got worse than before.json.");
  REQUIRE(found.objectives.size() == 2);
  CHECK(found.objectives[0].held);
  CHECK(found.objectives[1].held == !failed);
}

TEST_CASE("A baseline that is as good is no regression") {
  auto run = good_run();
  run.baseline = comparison{.file = "before.json", .measures = {{.name = "p99", .better = true}, {.name = "p50"}}};
  const auto found = judge(run, {}, {});
  CHECK(found.kind == verdict_kind::passed);
  CHECK(found.reasons.empty());
}

TEST_CASE("A run that an objective ended failed, and says so first") {
  const auto found =
      judge(good_run(), objectives({"p50<1us"}), {"Ended early: p50<1us cannot be met any more.", false});
  CHECK(found.kind == verdict_kind::objective_failed);
  CHECK(found.reasons == std::vector<std::string>{"Ended early: p50<1us cannot be met any more."});
}

TEST_CASE("A rate is over the plan's time, or over what there was of it") {
  auto run = good_run();
  CHECK(judge(run, objectives({"rate>=100"}), {}).objectives[0].was == 100);
  run.took = 4s;
  CHECK(judge(run, objectives({"rate>=100"}), {"Interrupted (SIGINT).", true}).objectives[0].was == 250);
}

TEST_CASE("An objective with a target is about that one alone") {
  auto run = good_run();
  run.by_target[1].response = {};
  run.by_target[1].response.record(3ms);
  const auto found = judge(run, objectives({"p99<2ms", "a:p99<2ms", "b:p99<2ms"}), {});
  CHECK(found.objectives[0].held);
  CHECK(found.objectives[1].held);
  CHECK_FALSE(found.objectives[2].held);
  CHECK(found.kind == verdict_kind::objective_failed);
}

TEST_CASE("What nothing was measured of does not hold") {
  auto run = good_run();
  run.by_target[1] = {};
  CHECK(judge(run, objectives({"b:p99<2ms"}), {}).kind == verdict_kind::objective_failed);
  CHECK(judge(run, objectives({"b:error_rate<100%"}), {}).kind == verdict_kind::objective_failed);
}

TEST_CASE("What is only known to be longer than it seems does not hold") {
  auto run = good_run();
  for (int i = 0; i < 20; ++i) run.all.response.record_at_least(1ms);
  const auto found = judge(run, objectives({"p99<2ms"}), {});
  CHECK(found.kind == verdict_kind::objective_failed);
  CHECK(found.objectives[0].lower_bound);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/job_scheduler.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <stdexcept>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using service::job_options;
using service::job_overlap;
using service::job_scheduler;

/// The start times of a job's runs, in seconds since the start of the scheduler.
using start_times = std::vector<int>;

task<> start(job_scheduler& jobs) {
  jobs.start();
  co_return;
}

class scheduler_fixture {
 public:
  ~scheduler_fixture() { stop(0s); }

  void start_jobs() {
    begin_ = time.now();
    time.run(start(jobs));
  }
  void stop(duration limit) { time.run(jobs.stop(deadline::after(time.now(), limit))); }
  /// Returns a job that records its start time and takes `span`.
  job_scheduler::job record(duration span) {
    return [this, span](call_context) { return record_start(span); };
  }
  double runs(const std::string& name, const std::string& result) {
    return metrics.make_counter("cohort_job_runs_total", {}, {{"job", name}, {"result", result}}).value();
  }

  virtual_time time;
  std::vector<loop*> loops{&time.event_loop()};
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  job_scheduler jobs{loops, metrics, {sink, "test", telemetry::log_level::off, telemetry::log_format::json}};
  start_times starts;
  int completed_count = 0;

 private:
  task<> record_start(duration span) {
    starts.push_back(static_cast<int>(std::chrono::round<std::chrono::seconds>(time.now() - begin_).count()));
    if (co_await sleep_for(span) == wait_status::timed_out) ++completed_count;
  }

  time_point begin_{};
};

TEST_CASE("job_scheduler: a job runs at its interval", "[service][jobs]") {
  scheduler_fixture fixture;
  fixture.jobs.every("refresh", 10s, fixture.record(1s));
  fixture.start_jobs();
  fixture.time.run_for(35s);
  CHECK(fixture.starts == start_times{10, 20, 30});
  CHECK(fixture.runs("refresh", "ok") == 3);
  CHECK(fixture.metrics.make_gauge("cohort_job_last_success_timestamp_seconds", {}, {{"job", "refresh"}}).value() >
        1.7e9);
}

TEST_CASE("job_scheduler: times that pass during a run are skipped or queued", "[service][jobs]") {
  scheduler_fixture fixture;
  SECTION("skip") {
    fixture.jobs.every("slow", 10s, fixture.record(25s));
    fixture.start_jobs();
    fixture.time.run_for(75s);
    CHECK(fixture.starts == start_times{10, 40, 70});
    CHECK(fixture.runs("slow", "skipped") == 4);
  }
  SECTION("queue") {
    fixture.jobs.every("slow", 10s, fixture.record(25s), {.overlap = job_overlap::queue});
    fixture.start_jobs();
    fixture.time.run_for(75s);
    CHECK(fixture.starts == start_times{10, 35, 60});
  }
}

TEST_CASE("job_scheduler: each run is delayed by at most the jitter", "[service][jobs]") {
  scheduler_fixture fixture;
  fixture.jobs.every("spread", 100s, fixture.record(0s), {.jitter = 50s});
  fixture.start_jobs();
  fixture.time.run_for(2000s);
  REQUIRE(fixture.starts.size() >= 19);
  bool has_delayed_run = false;
  for (std::size_t i = 0; i < fixture.starts.size(); ++i) {
    const auto delay = fixture.starts[i] - 100 * static_cast<int>(i + 1);
    CHECK((delay >= 0 && delay <= 50));
    has_delayed_run = has_delayed_run || delay > 5;
  }
  CHECK(has_delayed_run);
}

task<> fail_first_run(int* runs) {
  if (++*runs == 1) throw std::runtime_error("no disk space");
  co_return;
}

TEST_CASE("job_scheduler: a job that throws is counted, and runs again", "[service][jobs]") {
  scheduler_fixture fixture;
  int runs = 0;
  fixture.jobs.every("cleanup", 10s, [&runs](call_context) { return fail_first_run(&runs); });
  fixture.start_jobs();
  fixture.time.run_for(25s);
  CHECK(runs == 2);
  CHECK(fixture.runs("cleanup", "error") == 1);
  CHECK(fixture.runs("cleanup", "ok") == 1);
}

TEST_CASE("job_scheduler: a run is cancelled at its timeout", "[service][jobs]") {
  scheduler_fixture fixture;
  fixture.jobs.every("slow", 10s, fixture.record(1h), {.timeout = 5s});
  fixture.start_jobs();
  fixture.time.run_for(25s);
  CHECK(fixture.starts == start_times{10, 20});
  CHECK(fixture.completed_count == 0);
  CHECK(fixture.runs("slow", "error") == 1);
}

TEST_CASE("job_scheduler: stop waits for the current run until the deadline of stop", "[service][jobs]") {
  scheduler_fixture fixture;
  fixture.jobs.every("slow", 10s, fixture.record(5s));
  fixture.start_jobs();
  fixture.time.run_for(11s);
  SECTION("completed") {
    fixture.stop(10s);
    CHECK(fixture.completed_count == 1);
    CHECK(fixture.runs("slow", "ok") == 1);
  }
  SECTION("cancelled") {
    fixture.stop(1s);
    CHECK(fixture.completed_count == 0);
    CHECK(fixture.runs("slow", "cancelled") == 1);
  }
  fixture.time.run_for(1min);
  CHECK(fixture.starts.size() == 1);
}

TEST_CASE("job_scheduler: a cron job runs according to the wall clock", "[service][jobs][cron]") {
  scheduler_fixture fixture;
  // The clock starts at a full hour.
  fixture.jobs.cron("report", "*/20 * * * *", fixture.record(1s));
  fixture.start_jobs();
  fixture.time.run_for(61min);
  CHECK(fixture.starts == start_times{1200, 2400, 3600});
  fixture.time.step_wall_clock(10min);
  fixture.time.run_for(10min);
  CHECK(fixture.starts == start_times{1200, 2400, 3600, 4200});
  // After the clock is set back, a scheduled time does not occur twice.
  fixture.time.step_wall_clock(-15min);
  fixture.time.run_for(14min);
  CHECK(fixture.starts.size() == 4);
}

TEST_CASE("job_scheduler: a cron job that takes too long skips the times that have passed", "[service][jobs][cron]") {
  scheduler_fixture fixture;
  fixture.jobs.cron("report", "* * * * *", fixture.record(90s));
  fixture.start_jobs();
  fixture.time.run_for(301s);
  CHECK(fixture.starts == start_times{60, 180, 300});
  CHECK(fixture.runs("report", "skipped") == 2);
}

TEST_CASE("job_scheduler: rejects invalid jobs", "[service][jobs]") {
  scheduler_fixture fixture;
  CHECK_THROWS_WITH(fixture.jobs.every("a", 0s, fixture.record(0s)), ContainsSubstring("must be positive"));
  CHECK_THROWS_WITH(fixture.jobs.every("a", 1s, fixture.record(0s), {.jitter = 2s}), ContainsSubstring("jitter"));
  CHECK_THROWS_WITH(fixture.jobs.cron("a", "61 * * * *", fixture.record(0s)),
                    ContainsSubstring("job \"a\": invalid cron expression \"61 * * * *\": minute \"61\""));
  CHECK_THROWS_WITH(fixture.jobs.every("a", 1s, {}), ContainsSubstring("the job \"a\" is null"));
  fixture.jobs.every("a", 1s, fixture.record(0s));
  CHECK_THROWS_WITH(fixture.jobs.cron("a", "* * * * *", fixture.record(0s)),
                    ContainsSubstring("two jobs with the name \"a\""));
  fixture.start_jobs();
  CHECK_THROWS_AS(fixture.jobs.every("b", 1s, fixture.record(0s)), std::logic_error);
}

TEST_CASE("job_scheduler: a run is recorded as an activity of its loop with the job's name", "[service][jobs]") {
  scheduler_fixture test;
  test.jobs.every("cleanup", 1s, test.record(500ms));
  test.start_jobs();
  const auto names = [&] {
    std::string log_text;
    test.time.event_loop().activities().visit([&](const activity& each) {
      log_text.append(each.kind() == activity_kind::job ? "job " : "request ").append(each.name());
      CHECK(each.recorder() != nullptr);
    });
    return log_text;
  };
  CHECK(names().empty());
  test.time.run_for(1200ms);
  CHECK(names() == "job cleanup");
  test.time.run_for(500ms);
  CHECK(names().empty());
}

}  // namespace
}  // namespace cohort

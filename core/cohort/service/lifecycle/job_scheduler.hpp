// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/lifecycle/cron_expression.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

/// The loops that run a job.
enum class job_placement : std::uint8_t {
  one_loop,
  /// The job runs once on each loop; for jobs that process the state of a loop.
  each_loop,
};

/// The handling of scheduled times that pass while the job is running. Two runs never overlap on one loop.
enum class job_overlap : std::uint8_t {
  /// The job runs again at its next regular time.
  skip,
  /// If at least one time has passed, the job runs again immediately.
  queue,
};

struct job_options {
  /// Maximum random delay of each run, so that the instances of a service do not run the job simultaneously.
  duration jitter{};
  job_placement where = job_placement::one_loop;
  job_overlap overlap = job_overlap::skip;
  /// Timeout of a run. When the timeout expires, the run is cancelled and counts as an error. `duration::max()`: no
  /// timeout.
  duration timeout = duration::max();
};

/// The periodic jobs of a service. A job that throws is logged and counted, and runs again at its next time. Metrics:
/// `cohort_job_runs_total{job,result}` with the results `ok`, `error`, `skipped` and `cancelled`,
/// `cohort_job_duration_seconds{job}` and `cohort_job_last_success_timestamp_seconds{job}`.
class job_scheduler {
 public:
  /// The context has the deadline of the run, and the name of the job as the request ID.
  using job = std::function<task<>(call_context)>;

  /// The arguments must outlive this object.
  job_scheduler(const std::vector<loop*>& loops, telemetry::registry& metrics, telemetry::logger log);
  ~job_scheduler();

  /// Runs `work` once per `interval`; the first run is one interval after the start of the service. `name` is a label
  /// of the metrics. Throws `std::invalid_argument` if `interval` is not positive or is less than the jitter, if the
  /// name is in use, or if `work` is null. Throws `std::logic_error` after `start`.
  void every(std::string name, duration interval, job work, job_options options = {});
  /// Runs `work` at the times of a cron expression, according to the wall clock of the loop. If the wall clock is set
  /// back, the job does not run again at times that have already passed. Throws the exceptions of `every`, and
  /// `std::invalid_argument` with the parser's message.
  void cron(std::string name, std::string_view expression, job work, job_options options = {});

  /// The names of all jobs. Must not be called while jobs are added.
  std::vector<std::string> names() const;

  /// Called on the first loop.
  void start();
  /// Starts no further runs, and waits until the current runs have ended. Runs that have not ended at `stop_deadline`
  /// are cancelled. Called on one of the loops.
  task<> stop(deadline stop_deadline);

 private:
  struct schedule;
  struct loop_state;

  schedule& add(std::string name, job work, job_options options);
  void start_on_current_loop(std::size_t index);
  task<> run_schedule(schedule& job, loop_state& state);
  task<> run_cron(schedule& job, loop_state& state);
  /// Waits until `due_time`. Returns false if the scheduler stops.
  static task<bool> wait_until(loop_state& state, time_point due_time);
  task<> run_once(schedule& job);
  task<> stop_on_current_loop(loop_state& state, deadline stop_deadline);

  const std::vector<loop*>& loops_;
  telemetry::registry& metrics_;
  telemetry::logger log_;
  bool is_started_ = false;
  std::list<schedule> schedules_;
  std::vector<std::unique_ptr<loop_state>> states_;
};

}  // namespace cohort::service

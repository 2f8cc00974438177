// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/job_scheduler.hpp>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <stdexcept>

#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::service {
namespace {

/// The record of a run, for `/debug/tasks`.
class job_record {
 public:
  /// `name` must outlive the loop.
  job_record(const std::string& name, time_point started, deadline job_deadline)
      : record_(std::make_unique<telemetry::request_record>()) {
    record_->reset(started, loop::current().wall_now());
    record_->route = name;
    record_->deadline = job_deadline;
    activity_->begin(name.c_str(), 0, 0, started);
    activity_->set_recorder(record_.get());
  }
  telemetry::request_record& record() const noexcept { return *record_; }

 private:
  std::unique_ptr<telemetry::request_record> record_;
  activity_scope activity_{activity_kind::job};
};

}  // namespace

struct job_scheduler::schedule {
  std::string name;
  job work;
  job_options options;
  /// The interval; empty if the job runs at the times of `cron`.
  std::optional<duration> interval;
  std::optional<cron_expression> cron;
  /// The loop of a job with the placement `one_loop`.
  std::size_t loop_index;
  telemetry::counter& succeeded;
  telemetry::counter& failed;
  telemetry::counter& skipped;
  telemetry::counter& cancelled;
  telemetry::histogram& durations;
  telemetry::gauge& last_success;
};

struct job_scheduler::loop_state {
  explicit loop_state(task_group::failure_handler on_failure) : tasks(std::move(on_failure)) {}
  event stop_event;
  task_group tasks;
};

job_scheduler::job_scheduler(const std::vector<loop*>& loops, telemetry::registry& metrics, telemetry::logger log)
    : loops_(loops), metrics_(metrics), log_(std::move(log)) {}

job_scheduler::~job_scheduler() = default;

job_scheduler::schedule& job_scheduler::add(std::string name, job work, job_options options) {
  if (is_started_) throw std::logic_error{"the job \"" + name + "\" was added after the start of the service"};
  if (!work) throw std::invalid_argument{"the function of the job \"" + name + "\" is null"};
  if (std::ranges::any_of(schedules_, [&](const schedule& existing) { return existing.name == name; })) {
    throw std::invalid_argument{"there are two jobs with the name \"" + name + "\""};
  }
  const auto make_counter = [&](const char* result) -> telemetry::counter& {
    return metrics_.make_counter("cohort_job_runs_total", "Runs and skipped runs of a periodic job.",
                                 {{"job", name}, {"result", result}});
  };
  auto& durations = metrics_.make_histogram("cohort_job_duration_seconds", "Duration of the runs of a periodic job.",
                                            {{"job", name}});
  auto& last_success =
      metrics_.make_gauge("cohort_job_last_success_timestamp_seconds",
                          "Unix time of the end of a periodic job's last successful run; 0: none.", {{"job", name}});
  return schedules_.emplace_back(schedule{name, std::move(work), options, std::nullopt, std::nullopt,
                                          schedules_.size() % loops_.size(), make_counter("ok"), make_counter("error"),
                                          make_counter("skipped"), make_counter("cancelled"), durations, last_success});
}

void job_scheduler::every(std::string name, duration interval, job work, job_options options) {
  if (interval <= interval.zero() || interval < options.jitter || options.jitter < options.jitter.zero()) {
    throw std::invalid_argument{"the interval of the job \"" + name +
                                "\" must be positive, and its jitter at most the interval"};
  }
  add(std::move(name), std::move(work), options).interval = interval;
}

void job_scheduler::cron(std::string name, std::string_view expression, job work, job_options options) {
  auto parsed = cron_expression::parse(expression);
  if (!parsed) throw std::invalid_argument{"job \"" + name + "\": " + parsed.error()};
  add(std::move(name), std::move(work), options).cron = std::move(*parsed);
}

std::vector<std::string> job_scheduler::names() const {
  std::vector<std::string> result;
  for (const auto& each : schedules_) result.push_back(each.name);
  return result;
}

void job_scheduler::start() {
  is_started_ = true;
  if (schedules_.empty()) return;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    states_.push_back(std::make_unique<loop_state>([this](const std::exception_ptr& failure) {
      const auto message = exception_message(failure);
      log_.write(telemetry::log_level::error, "job scheduler failed", {{"what", std::string_view{message}}});
    }));
  }
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    asio::post(loops_[i]->get_executor(), [this, i] { start_on_current_loop(i); });
  }
}

void job_scheduler::start_on_current_loop(std::size_t index) {
  auto& state = *states_[index];
  for (auto& schedule : schedules_) {
    if (schedule.options.where == job_placement::one_loop && schedule.loop_index != index) continue;
    state.tasks.spawn(schedule.interval ? run_schedule(schedule, state) : run_cron(schedule, state));
  }
}

task<bool> job_scheduler::wait_until(loop_state& state, time_point due_time) {
  const auto status = co_await state.stop_event.wait(deadline{due_time});
  co_return status == wait_status::timed_out && !state.stop_event.is_set();
}

task<> job_scheduler::run_schedule(schedule& job, loop_state& state) {
  auto& current = loop::current();
  const auto interval = *job.interval;
  auto due_time = current.now() + interval;
  for (;;) {
    const auto delay = current.random().uniform_between(duration{0}, job.options.jitter);
    if (!co_await wait_until(state, due_time + delay)) co_return;
    co_await run_once(job);
    const auto missed = std::max<duration::rep>((current.now() - due_time) / interval, 0);
    if (missed == 0) {
      due_time += interval;
    } else if (job.options.overlap == job_overlap::queue) {
      // Runs the job once, for the last missed time.
      job.skipped.increment(static_cast<double>(missed - 1));
      due_time += missed * interval;
    } else {
      job.skipped.increment(static_cast<double>(missed));
      due_time += (missed + 1) * interval;
    }
  }
}

task<> job_scheduler::run_cron(schedule& job, loop_state& state) {
  // The wall clock can change while the job waits.
  constexpr duration max_wait = std::chrono::minutes{1};
  auto& current = loop::current();
  auto next = job.cron->next(current.wall_now());
  while (next) {
    const auto delay = current.random().uniform_between(duration{0}, job.options.jitter);
    for (auto remaining = *next - current.wall_now(); remaining > remaining.zero();
         remaining = *next - current.wall_now()) {
      if (!co_await wait_until(state, current.now() + std::min(remaining, max_wait))) co_return;
    }
    if (!co_await wait_until(state, current.now() + delay)) co_return;
    co_await run_once(job);
    const auto following_time = job.cron->next(*next);
    const auto now = current.wall_now();
    if (following_time && *following_time <= now) {
      if (job.options.overlap == job_overlap::queue) {
        // Runs the job once for all missed times.
        if (co_await wait_until(state, current.now())) co_await run_once(job);
      } else {
        job.skipped.increment();
      }
      next = job.cron->next(current.wall_now());
    } else {
      next = following_time;
    }
  }
}

task<> job_scheduler::run_once(schedule& job) {
  auto& current = loop::current();
  const auto start = current.now();
  const auto run_deadline = deadline::after(start, job.options.timeout);
  const job_record job_record{job.name, start, run_deadline};
  telemetry::server_timing timing;
  timing.recording().attach(job_record.record());
  std::exception_ptr failure;
  std::string error;
  try {
    auto work = job.work(call_context{.deadline = run_deadline, .request_id = job.name, .timing = &timing});
    const auto ended = co_await with_deadline(run_deadline, std::move(work));
    if (!ended) error = "timed out";
  } catch (...) {
    failure = std::current_exception();
  }
  job.durations.observe(to_seconds(current.now() - start));
  // A job may also return early when it is cancelled.
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    job.cancelled.increment();
    log_.write(telemetry::log_level::warn, "job cancelled by the shutdown", {{"job", std::string_view{job.name}}});
    co_return;
  }
  if (failure) error = exception_message(failure);
  if (!error.empty()) {
    job.failed.increment();
    log_.write(telemetry::log_level::error, "job failed",
               {{"job", std::string_view{job.name}}, {"error", std::string_view{error}}});
    co_return;
  }
  job.succeeded.increment();
  job.last_success.add(to_seconds(current.wall_now().time_since_epoch()) - job.last_success.value());
}

task<> job_scheduler::stop_on_current_loop(loop_state& state, deadline stop_deadline) {
  state.stop_event.set();
  co_await with_deadline(stop_deadline, state.tasks.join());
}

task<> job_scheduler::stop(deadline stop_deadline) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    co_await run_on(*loops_[i], stop_on_current_loop(*states_[i], stop_deadline));
  }
}

}  // namespace cohort::service

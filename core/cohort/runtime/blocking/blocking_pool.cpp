// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/blocking/blocking_pool.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <cohort/runtime/thread_object.hpp>

namespace cohort {
namespace {

using job_pointer = std::shared_ptr<detail::blocking_job>;

class blocking_error_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cohort.blocking"; }
  std::string message(int value) const override {
    switch (static_cast<blocking_error>(value)) {
      case blocking_error::overloaded: return "the queue for blocking work is full";
      case blocking_error::stopped: return "the threads for blocking work are shutting down";
      case blocking_error::no_thread: return "no thread for blocking work can be started";
    }
    return "unknown error of blocking work";
  }
};

std::string_view outcome_of(const error_code& failure) noexcept {
  if (!failure) return "ok";
  if (failure == asio::error::timed_out) return "timeout";
  return failure == asio::error::operation_aborted ? "cancelled" : "shed";
}

/// The record of a job. The destructor ends the record as cancelled if `end` was not called.
class recorded_work {
 public:
  /// `recorder` may be null.
  recorded_work(work_recorder* recorder, std::string_view name, deadline job_deadline) noexcept
      : recorder_(recorder), loop_(loop::current()) {
    if (recorder_) work_id_ = recorder_->begin_work(name, loop_.now(), job_deadline);
  }
  ~recorded_work() { end("cancelled"); }
  recorded_work(const recorded_work&) = delete;
  recorded_work& operator=(const recorded_work&) = delete;

  void end(std::string_view outcome) noexcept {
    if (auto* const recorder = std::exchange(recorder_, nullptr)) recorder->end_work(work_id_, outcome, loop_.now());
  }

 private:
  work_recorder* recorder_;
  loop& loop_;
  std::size_t work_id_ = 0;
};

}  // namespace

const boost::system::error_category& blocking_category() noexcept {
  static const blocking_error_category instance;
  return instance;
}

struct blocking_pool::state {
  struct running_job {
    job_pointer job;
    time_point start_time;
    bool is_reported = false;
  };

  state(blocking_pool_settings pool_settings, blocking_pool_observer pool_observer)
      : settings(pool_settings), observer(std::move(pool_observer)) {}

  static std::optional<blocking_error> submit(const std::shared_ptr<state>& self, const job_pointer& job) {
    const std::lock_guard lock{self->mutex};
    if (self->is_stopping) return blocking_error::stopped;
    // Queued and running jobs are counted together, because an idle thread may not have taken its job from the queue
    // yet.
    const auto jobs = self->queue.size() + self->running.size();
    if (jobs >= self->settings.threads + self->settings.max_queued) return blocking_error::overloaded;
    if (jobs >= self->workers.size() && self->workers.size() < self->settings.threads && !start_thread(self)) {
      return blocking_error::no_thread;
    }
    self->queue.push_back(job);
    self->work_available.notify_one();
    return std::nullopt;
  }

  /// Starts a thread. Returns false if the pool has no thread and cannot start one.
  static bool start_thread(const std::shared_ptr<state>& self) {
    try {
      self->workers.emplace_back([self] { self->work(); });
      if (!self->supervisor.joinable()) self->supervisor = std::thread{[self] { self->report_stuck_jobs(); }};
    } catch (const std::system_error&) {
      return !self->workers.empty();
    }
    return true;
  }

  void work() {
    prepare_thread_objects();
    std::unique_lock lock{mutex};
    for (;;) {
      work_available.wait(lock, [this] { return is_stopping || !queue.empty(); });
      if (queue.empty()) return;
      auto job = std::move(queue.front());
      queue.pop_front();
      const auto position = running.insert(running.end(), {job, real_clock().now()});
      if (std::exchange(is_supervisor_idle, false)) job_started.notify_one();
      lock.unlock();
      job->execute();
      lock.lock();
      const auto run_time = real_clock().now() - position->start_time;
      running.erase(position);
      if (!is_abandoned) observer.on_ended(run_time);
      job->ended().set();
      if (is_stopping && running.empty()) all_ended_event->set();
      // Destroys the job without the lock, because the destructor of the function's value may use the pool.
      lock.unlock();
      job.reset();
      lock.lock();
    }
  }

  void report_stuck_jobs() {
    std::unique_lock lock{mutex};
    while (!is_stopping) {
      std::optional<time_point> next_report_time;
      for (auto& entry : running) {
        if (entry.is_reported) continue;
        const auto now = real_clock().now();
        if (const auto report_time = entry.start_time + settings.stuck_job_threshold; report_time > now) {
          next_report_time = next_report_time ? std::min(*next_report_time, report_time) : report_time;
        } else {
          entry.is_reported = true;
          observer.on_stuck(entry.job->name(), now - entry.start_time);
        }
      }
      if (next_report_time) {
        job_started.wait_until(lock, *next_report_time);
      } else {
        is_supervisor_idle = true;
        job_started.wait(lock, [this] { return is_stopping || !is_supervisor_idle; });
      }
    }
  }

  /// Removes a queued job, and requests a running job to stop, when the coroutine no longer waits for it.
  void abandon(const job_pointer& job) {
    {
      const std::lock_guard lock{mutex};
      std::erase(queue, job);
    }
    job->stop_source().request_stop();
  }

  void begin_stop() {
    std::vector<job_pointer> running_jobs;
    {
      const std::lock_guard lock{mutex};
      is_stopping = true;
      for (const auto& job : queue) {
        job->drop_reason = blocking_error::stopped;
        job->ended().set();
      }
      queue.clear();
      for (const auto& entry : running) running_jobs.push_back(entry.job);
      if (running.empty()) all_ended_event->set();
      work_available.notify_all();
      job_started.notify_all();
    }
    // Requests the stop without the lock, because the stop callbacks of the jobs run during the request.
    for (const auto& job : running_jobs) job->stop_source().request_stop();
  }

  std::vector<std::string> running_job_names() {
    const std::lock_guard lock{mutex};
    std::vector<std::string> names;
    for (const auto& entry : running) names.push_back(entry.job->name());
    return names;
  }

  const blocking_pool_settings settings;
  blocking_pool_observer observer;
  std::mutex mutex;
  std::condition_variable work_available;
  std::condition_variable job_started;
  std::deque<job_pointer> queue;
  std::list<running_job> running;
  bool is_stopping = false;
  /// Whether the supervisor waits for the start of a job. Otherwise, the next wakeup of the supervisor is early enough
  /// for a job that starts now. Therefore, only the first of several jobs wakes the supervisor.
  bool is_supervisor_idle = false;
  /// Whether the pool was destroyed while jobs were running. If true, the observer must not be called.
  bool is_abandoned = false;
  std::shared_ptr<cross_thread_event> all_ended_event = cross_thread_event::make();
  std::vector<std::thread> workers;
  std::thread supervisor;
  std::size_t simulated_queued_count = 0;
  std::size_t simulated_running_count = 0;
};

blocking_pool::blocking_pool(blocking_pool_settings settings, blocking_pool_observer observer)
    : settings_(settings),
      state_(std::make_shared<state>(settings, std::move(observer))),
      simulated_threads_(settings.threads) {}

blocking_pool::~blocking_pool() {
  state_->begin_stop();
  bool has_running = false;
  {
    const std::lock_guard lock{state_->mutex};
    has_running = !state_->running.empty();
    state_->is_abandoned = has_running;
  }
  for (auto& worker : state_->workers) has_running ? worker.detach() : worker.join();
  if (state_->supervisor.joinable()) state_->supervisor.join();
}

task<error_code> blocking_pool::execute(std::shared_ptr<detail::blocking_job> job, deadline job_deadline,
                                        work_recorder* recorder) {
  recorded_work work{recorder, job->name(), job_deadline};
  auto execute_task = loop::current().time_source().is_real_time() ? execute_on_thread(std::move(job), job_deadline)
                                                                   : simulate(std::move(job), job_deadline);
  const auto failure = co_await std::move(execute_task);
  work.end(outcome_of(failure));
  co_return failure;
}

task<error_code> blocking_pool::execute_on_thread(std::shared_ptr<detail::blocking_job> job, deadline job_deadline) {
  auto& current = loop::current();
  if (job_deadline.expired(current.now())) co_return error_code{asio::error::timed_out};
  if (const auto rejection = state::submit(state_, job)) {
    if (*rejection != blocking_error::stopped) state_->observer.on_rejected(*rejection);
    co_return make_error_code(*rejection);
  }
  detail::scope_guard abandon{[&] { state_->abandon(job); }};
  const auto status = co_await job->ended().wait(job_deadline);
  if (status != wait_status::notified) co_return detail::wait_error(status);
  abandon.dismiss();
  co_return job->drop_reason ? make_error_code(*job->drop_reason) : error_code{};
}

task<error_code> blocking_pool::simulate(std::shared_ptr<detail::blocking_job> job, deadline job_deadline) {
  auto& counters = *state_;
  if (job_deadline.expired(loop::current().now())) co_return error_code{asio::error::timed_out};
  if (counters.is_stopping) co_return make_error_code(blocking_error::stopped);
  auto permit = simulated_threads_.try_acquire();
  if (!permit) {
    if (counters.simulated_queued_count >= settings_.max_queued) {
      counters.observer.on_rejected(blocking_error::overloaded);
      co_return make_error_code(blocking_error::overloaded);
    }
    ++counters.simulated_queued_count;
    const detail::scope_guard queued_count_guard{[&] { --counters.simulated_queued_count; }};
    auto acquire_result = co_await simulated_threads_.acquire(job_deadline);
    if (!acquire_result) co_return acquire_result.error();
    permit.emplace(std::move(*acquire_result));
  }
  ++counters.simulated_running_count;
  const detail::scope_guard running_count_guard{[&] { --counters.simulated_running_count; }};
  const auto start = loop::current().now();
  const auto end = deadline::after(start, simulated_cost_);
  const auto status = co_await sleep_until(std::min(end, job_deadline));
  const bool is_complete = status == wait_status::timed_out && end <= job_deadline;
  if (!is_complete) job->stop_source().request_stop();
  job->execute();
  counters.observer.on_ended(loop::current().now() - start);
  if (is_complete) co_return error_code{};
  co_return detail::wait_error(status);
}

task<std::vector<std::string>> blocking_pool::stop(deadline stop_deadline) {
  state_->begin_stop();
  co_await state_->all_ended_event->wait(stop_deadline);
  co_return state_->running_job_names();
}

std::size_t blocking_pool::queued_count() const {
  const std::lock_guard lock{state_->mutex};
  return state_->queue.size() + state_->simulated_queued_count;
}

std::size_t blocking_pool::running_count() const {
  const std::lock_guard lock{state_->mutex};
  return state_->running.size() + state_->simulated_running_count;
}

std::size_t blocking_pool::threads() const {
  const std::lock_guard lock{state_->mutex};
  return state_->workers.size();
}

}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/runtime/blocking/blocking_job.hpp>
#include <cohort/runtime/synchronization/semaphore.hpp>

namespace cohort {

namespace detail {
template <class Context>
concept has_deadline = requires(const Context& context) { deadline{context.deadline}; } ||
                       requires(const Context& context) { deadline{context.deadline()}; };
}  // namespace detail

struct blocking_pool_settings {
  /// Maximum number of threads. A thread starts when a job needs it.
  std::size_t threads = 8;
  /// Maximum number of jobs that wait for a thread.
  std::size_t max_queued = 256;
  /// A job that runs for longer than this time is reported once.
  duration stuck_job_threshold = std::chrono::seconds{10};
};

/// Callbacks. The functions are called on threads of the pool or of the loops, so they must be thread-safe and must not
/// block.
struct blocking_pool_observer {
  /// Called when a job ends, with its run time, which excludes the time in the queue.
  std::function<void(duration)> on_ended = [](duration) {};
  /// Called when a job is rejected, with `overloaded` or `no_thread`, on the caller's loop.
  std::function<void(blocking_error)> on_rejected = [](blocking_error) {};
  /// Called when a job has run for longer than `stuck_job_threshold`, with its name and its run time.
  std::function<void(std::string_view job, duration run_time)> on_stuck = [](std::string_view, duration) {};
};

/// Threads for functions that block, such as functions of file systems, databases and libraries without an asynchronous
/// interface. A loop's thread must not block, because that would delay all requests of the loop. Thread-safe, except
/// for construction and destruction.
///
/// On a loop with a virtual clock, the pool uses no threads. A job occupies one of `settings.threads` slots for
/// `simulated_cost` of virtual time. The function of the job is then called inline.
class blocking_pool {
 public:
  explicit blocking_pool(blocking_pool_settings settings = {}, blocking_pool_observer observer = {});
  /// Joins the threads. If jobs still run, detaches the threads instead.
  ~blocking_pool();
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  /// Calls `function` on a thread of the pool, and returns its value (its error if it returns a `result`), or rethrows
  /// its exception. If the deadline passes or the coroutine is cancelled, the coroutine continues immediately with
  /// `asio::error::timed_out` or `operation_aborted`. A queued job is then removed. A running job receives a stop
  /// request, through the `std::stop_token` parameter of `function` if there is one. `function` may outlive the
  /// coroutine, so it must own the objects that it uses. For other errors, see `blocking_error`. `name`, a string
  /// literal, identifies the job in logs.
  ///
  ///
  /// With GCC 12, store the function in a variable first: GCC destroys a temporary lambda with captures within a
  /// `co_await` expression twice (PR 107288).
  template <class Function>
  task<typename detail::blocking_function<Function>::result_type> run(deadline job_deadline, Function function,
                                                                      const char* name = "unnamed") {
    return run_job(job_deadline, std::move(function), name, nullptr);
  }
  /// Like the overload above, but with the deadline of a context, such as `call_context` or `http::request_context`.
  /// Adds the job to the record of the request or periodic job that the coroutine executes (`loop::current_activity`).
  template <class Context, class Function>
    requires detail::has_deadline<Context>
  auto run(const Context& context, Function function, const char* name = "unnamed") {
    if constexpr (requires { context.deadline(); }) {
      return run_job(context.deadline(), std::move(function), name, current_recorder());
    } else {
      return run_job(context.deadline, std::move(function), name, current_recorder());
    }
  }

  /// Rejects new jobs, drops the queued jobs, requests the running jobs to stop, and waits until they have ended or
  /// `stop_deadline` has passed. Returns the names of the jobs that are still running.
  task<std::vector<std::string>> stop(deadline stop_deadline);

  std::size_t queued_count() const;
  std::size_t running_count() const;
  /// The number of threads that have been started.
  std::size_t threads() const;

  /// Sets the virtual time that each job takes on a loop with a virtual clock.
  void set_simulated_cost(duration cost) noexcept { simulated_cost_ = cost; }

 private:
  struct state;
  static work_recorder* current_recorder() noexcept {
    const auto* const running = loop::current().current_activity();
    return running ? running->recorder() : nullptr;
  }
  /// `recorder` may be null.
  template <class Function>
  task<typename detail::blocking_function<Function>::result_type> run_job(deadline job_deadline, Function function,
                                                                          const char* name, work_recorder* recorder) {
    auto job = std::make_shared<detail::blocking_function<Function>>(std::move(function), name);
    using result_type = typename detail::blocking_function<Function>::result_type;
    const auto failure = co_await execute(job, job_deadline, recorder);
    // The tag is required for values that an error code converts to, such as `bool`.
    if (failure) co_return result_type(boost::system::in_place_error, failure);
    co_return job->take();
  }
  task<error_code> execute(std::shared_ptr<detail::blocking_job> job, deadline job_deadline, work_recorder* recorder);
  task<error_code> execute_on_thread(std::shared_ptr<detail::blocking_job> job, deadline job_deadline);
  task<error_code> simulate(std::shared_ptr<detail::blocking_job> job, deadline job_deadline);

  blocking_pool_settings settings_;
  /// Shared with the threads, which can outlive the pool.
  std::shared_ptr<state> state_;
  duration simulated_cost_{std::chrono::milliseconds{1}};
  semaphore simulated_threads_;
};

}  // namespace cohort

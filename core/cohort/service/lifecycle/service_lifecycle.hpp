// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cohort/config/reloader.hpp>
#include <cohort/runtime/blocking/blocking_pool.hpp>
#include <cohort/service/lifecycle/job_scheduler.hpp>

namespace cohort::service {

/// Thrown by a start hook to exit the program with the given status. After any other exception, the status is 1.
class start_error : public std::runtime_error {
 public:
  explicit start_error(const std::string& reason, int exit_status = 1)
      : std::runtime_error(reason), exit_status_(exit_status) {}
  int exit_status() const noexcept { return exit_status_; }

 private:
  int exit_status_;
};

/// The activities of a service besides requests: start hooks, stop hooks, periodic jobs, and blocking calls.
/// `definition::app` adds these activities through the functions of `service_context`.
class service_lifecycle {
 public:
  service_lifecycle(std::vector<loop*> loops, telemetry::registry& metrics, telemetry::logger log,
                    blocking_pool_settings blocking = {});
  ~service_lifecycle();
  service_lifecycle(const service_lifecycle&) = delete;
  service_lifecycle& operator=(const service_lifecycle&) = delete;

  /// Runs `work` on the first loop when the service starts, after the hooks that were added before. Throws
  /// `std::logic_error` if the hooks are already running.
  void on_start(task<> work);
  /// Runs `work` on the first loop when the service stops, after its requests, jobs and background tasks have ended.
  /// Stop hooks run in the reverse order of the calls. Errors are logged.
  void on_stop(task<> work);
  /// Adds a setting that the program reloads on the first loop, on SIGHUP and when one of `files` changes. See
  /// `config::reloader::add` and `reload_handler`.
  void add_reload(std::string setting, config::reloader::action reload, std::vector<std::string> files);
  /// Moves the settings of `add_reload` to the reloader of the program.
  void move_reloads_to(config::reloader& settings);
  job_scheduler& jobs() noexcept { return jobs_; }
  blocking_pool& blocking() noexcept { return blocking_; }
  const std::vector<loop*>& loops() const noexcept { return loops_; }

  bool has_start_hooks() const noexcept { return !start_hooks_.empty(); }
  /// Runs the start hooks one after the other, and starts the jobs. Rethrows the exception of the first hook that
  /// fails; the others are not run. Called on the first loop.
  task<> start();
  /// Runs the stop hooks, each until `stop_deadline` or at least for `min_stop_time`, and ends blocking work. Called on
  /// the first loop, after `jobs().stop`.
  task<> stop(deadline stop_deadline);
  /// Makes `stop` skip the stop hooks, for a process that is terminated without a drain.
  void discard_stop_hooks() noexcept { stop_hooks_.clear(); }
  /// The blocking jobs that had not ended when `stop` returned, and that still use objects of the service.
  const std::vector<std::string>& unfinished_blocking_jobs() const noexcept { return unfinished_jobs_; }

  static constexpr duration min_stop_time = std::chrono::seconds{1};

 private:
  struct reloadable_setting {
    std::string name;
    config::reloader::action reload;
    std::vector<std::string> files;
  };

  blocking_pool_observer make_observer(telemetry::registry& metrics, const telemetry::logger& log);
  void add_metrics(telemetry::registry& metrics);

  std::vector<loop*> loops_;
  telemetry::logger log_;
  blocking_pool blocking_;
  job_scheduler jobs_;
  std::vector<task<>> start_hooks_;
  std::vector<task<>> stop_hooks_;
  std::vector<reloadable_setting> reloads_;
  bool is_started_ = false;
  std::vector<std::string> unfinished_jobs_;
};

}  // namespace cohort::service

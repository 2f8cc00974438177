// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort {
class loop;
class task_group;
}  // namespace cohort

namespace cohort::service {

/// Tasks of a service that belong to no request, such as refreshing a cache. The tasks end with the service. Exceptions
/// of the tasks are logged.
class background_tasks {
 public:
  background_tasks(std::vector<loop*> loops, telemetry::logger log);
  ~background_tasks();

  /// Starts `work` on the calling loop, one of `loops`. On any other thread before `start`, such as in
  /// `definition::app`, `work` starts with the service, on the first loop. On any other thread after `start`, throws
  /// `std::logic_error`.
  void spawn(task<> work);
  /// Starts the tasks that were spawned before this call. Called on the first loop.
  void start();
  /// Cancels the tasks on all loops and waits until they have ended. Called on one of the loops.
  task<> stop();

 private:
  static task<> stop_group(task_group& group);

  std::vector<loop*> loops_;
  telemetry::logger log_;
  /// The task groups, indexed by loop.
  std::vector<std::unique_ptr<task_group>> groups_;
  /// Protects `pending_` and `is_started_`.
  std::mutex mutex_;
  /// Tasks that have not been started yet.
  std::vector<task<>> pending_;
  bool is_started_ = false;
};

}  // namespace cohort::service

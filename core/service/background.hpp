#pragma once

#include <memory>
#include <vector>

#include "core/runtime/task_group.hpp"
#include "core/telemetry/log.hpp"

namespace cohort::service {

/// A service's work that belongs to no single request, such as filling a cache for all who wait. It ends with the
/// service, and its failures are logged.
class background {
 public:
  background(std::vector<loop*> loops, telemetry::logger log);

  /// Starts it on the calling loop.
  void spawn(task<> work);
  /// Cancels everything on all loops and waits for it. On one of them.
  task<> stop();

 private:
  static task<> stop_here(task_group& mine);

  std::vector<loop*> loops_;
  telemetry::logger log_;
  std::vector<std::unique_ptr<task_group>> groups_;
};

}  // namespace cohort::service

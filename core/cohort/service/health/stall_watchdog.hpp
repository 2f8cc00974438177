// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <cohort/service/health/loop_monitor.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::service {

/// Detects stalled event loops, in which a handler blocks or computes for too long and delays all other requests. A
/// separate thread observes the loops (`stall_detector`), so that a stall is logged before it ends. A log line contains
/// the blocking work: the route and the trace ID of a request, or the name of a job. A line is written at the
/// threshold, each time the duration has doubled, and at the end of the stall. For each loop, at most one stall per
/// second is logged.
///
/// Each loop has the metrics `cohort_loop_stalls_total`, which is incremented at the threshold, and
/// `cohort_loop_stalled_seconds`, the duration of the current stall. The histogram `cohort_loop_stall_seconds` contains
/// the completed stalls of all loops.
class stall_watchdog {
 public:
  /// `monitors`, `registries` and the routes and jobs of the loops must outlive this object.
  stall_watchdog(const std::vector<std::unique_ptr<loop_monitor>>& monitors, duration threshold,
                 const std::vector<telemetry::registry*>& registries, telemetry::logger log);
  ~stall_watchdog();
  stall_watchdog(const stall_watchdog&) = delete;
  stall_watchdog& operator=(const stall_watchdog&) = delete;

 private:
  class watched_loop;
  void run(const std::stop_token& stop);

  duration interval_;
  telemetry::logger log_;
  std::vector<std::unique_ptr<watched_loop>> loops_;
  std::mutex mutex_;
  std::condition_variable_any stop_condition_;
  std::jthread thread_;
};

}  // namespace cohort::service

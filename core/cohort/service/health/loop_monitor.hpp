// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <time.h>

#include <atomic>
#include <memory>
#include <vector>

#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

/// Measures the lag and the CPU time of an event loop once a second. The lag is the delay between a timer's due time
/// and its execution, reported in `cohort_loop_lag_seconds`.
class loop_monitor {
 public:
  /// Reports the lag to each of `registries`. All arguments must outlive this object.
  loop_monitor(loop& loop, const std::vector<telemetry::registry*>& registries);
  /// Called on the monitored loop.
  void start();

  loop& monitored_loop() noexcept { return loop_; }
  const loop& monitored_loop() const noexcept { return loop_; }
  /// CPU time of the loop's thread; 0 before `start`. Thread-safe while that thread exists.
  double cpu_seconds() const noexcept;

 private:
  static constexpr duration interval = std::chrono::seconds{1};
  void arm_timer();
  void on_timer();

  loop& loop_;
  std::vector<telemetry::histogram*> lag_histograms_;
  time_point due_time_{};
  bound_timer<&loop_monitor::on_timer> timer_;
  clockid_t cpu_clock_{};
  std::atomic<bool> has_cpu_clock_{false};
};

/// Adds `cohort_loop_cpu_seconds_total`, `cohort_loop_timers` and `cohort_loop_tasks`, labeled by the loop's index. The
/// metrics are read on the thread of the scrape. `monitors` may be filled later and must outlive the last scrape.
void add_loop_metrics(telemetry::registry& metrics, const std::vector<std::unique_ptr<loop_monitor>>& monitors);

}  // namespace cohort::service

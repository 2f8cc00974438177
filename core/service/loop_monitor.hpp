#pragma once

#include <time.h>

#include <atomic>
#include <memory>
#include <vector>

#include "core/runtime/loop.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::service {

/// Measures how late a loop comes to what is due: the time that every other request on it waits as well.
/// `cohort_loop_lag_seconds`.
class loop_monitor {
 public:
  loop_monitor(loop& watched, std::vector<telemetry::registry*> report_to);
  /// On the watched loop.
  void start();

  const loop& watched() const noexcept { return loop_; }
  /// Of the loop's thread, while that runs; zero before the start. Safe from any thread.
  double cpu_seconds() const noexcept;

 private:
  static constexpr duration interval = std::chrono::seconds{1};
  void wait();
  void on_beat();

  loop& loop_;
  std::vector<telemetry::histogram*> lag_;
  time_point due_{};
  bound_timer<&loop_monitor::on_beat> beat_;
  clockid_t cpu_clock_{};
  std::atomic<bool> has_cpu_clock_{false};
};

/// What can be read off the loops at a scrape, from whatever thread: `cohort_loop_cpu_seconds_total`,
/// `cohort_loop_timers` and `cohort_loop_tasks`, each with the loop's index. `loops` must outlive the last scrape.
void add_loop_metrics(telemetry::registry& to, const std::vector<std::unique_ptr<loop_monitor>>& loops);

}  // namespace cohort::service

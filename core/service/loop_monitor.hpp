#pragma once

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

 private:
  static constexpr duration interval = std::chrono::seconds{1};
  void on_beat();

  loop& loop_;
  std::vector<telemetry::histogram*> lag_;
  time_point due_{};
  bound_timer<&loop_monitor::on_beat> beat_;
};

}  // namespace cohort::service

#include "core/service/loop_monitor.hpp"

namespace cohort::service {

loop_monitor::loop_monitor(loop& watched, std::vector<telemetry::registry*> report_to)
    : loop_(watched), beat_(watched.timers(), this) {
  for (auto* each : report_to) {
    lag_.push_back(&each->make_histogram("cohort_loop_lag_seconds", "How late an event loop came to a timer."));
  }
}

void loop_monitor::start() {
  due_ = loop_.now() + interval;
  beat_.arm(due_);
}

void loop_monitor::on_beat() {
  const auto late = std::chrono::duration<double>(loop_.now() - due_).count();
  for (auto* each : lag_) each->observe(late);
  start();
}

}  // namespace cohort::service

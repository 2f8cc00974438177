#include "core/service/loop_monitor.hpp"

#include <pthread.h>

namespace cohort::service {

loop_monitor::loop_monitor(loop& watched, std::vector<telemetry::registry*> report_to)
    : loop_(watched), beat_(watched.timers(), this) {
  for (auto* each : report_to) {
    lag_.push_back(&each->make_histogram("cohort_loop_lag_seconds", "How late an event loop came to a timer."));
  }
}

void loop_monitor::start() {
  if (::pthread_getcpuclockid(::pthread_self(), &cpu_clock_) == 0) {
    has_cpu_clock_.store(true, std::memory_order_release);
  }
  wait();
}

double loop_monitor::cpu_seconds() const noexcept {
  timespec used{};
  if (!has_cpu_clock_.load(std::memory_order_acquire) || ::clock_gettime(cpu_clock_, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void loop_monitor::wait() {
  due_ = loop_.now() + interval;
  beat_.arm(due_);
}

void loop_monitor::on_beat() {
  const auto late = std::chrono::duration<double>(loop_.now() - due_).count();
  for (auto* each : lag_) each->observe(late);
  wait();
}

namespace {

/// One value of each loop.
template <class Read>
prometheus::MetricFamily of_each(const std::vector<std::unique_ptr<loop_monitor>>& loops, const char* name,
                                 const char* help, prometheus::MetricType type, Read read) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  for (const auto& each : loops) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"loop", std::to_string(each->watched().index())});
    const auto value = static_cast<double>(read(*each));
    if (type == prometheus::MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

void add_loop_metrics(telemetry::registry& to, const std::vector<std::unique_ptr<loop_monitor>>& loops) {
  using prometheus::MetricType;
  to.add_collector([&loops](auto& families) {
    families.push_back(of_each(loops, "cohort_loop_cpu_seconds_total", "CPU time that an event loop's thread has used.",
                               MetricType::Counter, [](const auto& each) { return each.cpu_seconds(); }));
    families.push_back(of_each(loops, "cohort_loop_timers", "Timers that are armed on an event loop.",
                               MetricType::Gauge,
                               [](const auto& each) { return each.watched().timers().armed_count(); }));
    families.push_back(of_each(loops, "cohort_loop_tasks",
                               "Tasks that run on an event loop: connections and work in the background.",
                               MetricType::Gauge, [](const auto& each) { return each.watched().tasks().value(); }));
  });
}

}  // namespace cohort::service

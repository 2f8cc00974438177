// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/loop_monitor.hpp>

#include <pthread.h>

#include <cohort/json/parser.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>

namespace cohort::service {

loop_monitor::loop_monitor(loop& loop, const std::vector<telemetry::registry*>& registries)
    : loop_(loop), timer_(loop.timers(), this) {
  for (auto* metrics : registries) {
    lag_histograms_.push_back(&metrics->make_histogram(
        "cohort_loop_lag_seconds", "Delay between the due time of a timer and its execution, in seconds."));
  }
}

void loop_monitor::start() {
  if (::pthread_getcpuclockid(::pthread_self(), &cpu_clock_) == 0) {
    has_cpu_clock_.store(true, std::memory_order_release);
  }
  // Creates the thread-local object now, because glibc terminates the program if there is no memory to register its
  // destructor later (see thread_object.hpp).
  json::thread_local_parser();
  arm_timer();
}

double loop_monitor::cpu_seconds() const noexcept {
  timespec cpu_time{};
  if (!has_cpu_clock_.load(std::memory_order_acquire) || ::clock_gettime(cpu_clock_, &cpu_time) != 0) return 0;
  return static_cast<double>(cpu_time.tv_sec) + static_cast<double>(cpu_time.tv_nsec) / 1e9;
}

void loop_monitor::arm_timer() {
  due_time_ = loop_.now() + interval;
  timer_.arm(due_time_);
}

void loop_monitor::on_timer() {
  const auto lag_seconds = to_seconds(loop_.now() - due_time_);
  for (auto* histogram : lag_histograms_) histogram->observe(lag_seconds);
  memory_reserve::refill();
  arm_timer();
}

namespace {

/// A metric family with one value for each loop.
template <class Read>
prometheus::MetricFamily family_by_loop(const std::vector<std::unique_ptr<loop_monitor>>& monitors, const char* name,
                                        const char* help, prometheus::MetricType type, Read read) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  for (const auto& monitor : monitors) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"loop", std::to_string(monitor->monitored_loop().index())});
    const auto value = static_cast<double>(read(*monitor));
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

void add_loop_metrics(telemetry::registry& metrics, const std::vector<std::unique_ptr<loop_monitor>>& monitors) {
  using prometheus::MetricType;
  metrics.add_collector([&monitors](auto& families) {
    families.push_back(family_by_loop(monitors, "cohort_loop_cpu_seconds_total",
                                      "CPU time used by an event loop's thread, in seconds.", MetricType::Counter,
                                      [](const loop_monitor& monitor) { return monitor.cpu_seconds(); }));
    families.push_back(
        family_by_loop(monitors, "cohort_loop_timers", "Armed timers of an event loop.", MetricType::Gauge,
                       [](const loop_monitor& monitor) { return monitor.monitored_loop().timers().armed_count(); }));
    families.push_back(
        family_by_loop(monitors, "cohort_loop_tasks",
                       "Running tasks of an event loop: connections and background tasks.", MetricType::Gauge,
                       [](const loop_monitor& monitor) { return monitor.monitored_loop().task_counter().value(); }));
  });
}

}  // namespace cohort::service

// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/service_lifecycle.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>

#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::service {

using telemetry::log_level;

namespace {
constexpr duration rejection_log_interval = std::chrono::minutes{1};
}

service_lifecycle::service_lifecycle(std::vector<loop*> loops, telemetry::registry& metrics, telemetry::logger log,
                                     blocking_pool_settings blocking)
    : loops_(std::move(loops)),
      log_(std::move(log)),
      blocking_(blocking, make_observer(metrics, log_)),
      jobs_(loops_, metrics, log_) {
  add_metrics(metrics);
}

service_lifecycle::~service_lifecycle() = default;

blocking_pool_observer service_lifecycle::make_observer(telemetry::registry& metrics, const telemetry::logger& log) {
  auto& durations = metrics.make_histogram("cohort_blocking_duration_seconds",
                                           "Duration of blocking jobs, without their time in the queue, in seconds.");
  auto& rejected =
      metrics.make_counter("cohort_blocking_rejected_total",
                           "Blocking jobs rejected because the queue was full or no thread could be started.");
  blocking_pool_observer observer;
  observer.on_ended = [&durations](duration elapsed) { durations.observe(to_seconds(elapsed)); };
  observer.on_rejected = [&rejected, log,
                          next_log_time = std::make_shared<std::atomic<time_point>>()](blocking_error reason) {
    rejected.increment();
    const auto now = loop::current().now();
    auto earliest = next_log_time->load();
    if (now < earliest || !next_log_time->compare_exchange_strong(earliest, now + rejection_log_interval)) return;
    const auto error = make_error_code(reason).message();
    log.write(log_level::warn, "blocking job rejected", {{"error", std::string_view{error}}});
  };
  observer.on_stuck = [log](std::string_view job, duration running_time) {
    log.write(log_level::warn, "blocking job is stuck", {{"job", job}, {"seconds", to_seconds(running_time)}});
  };
  return observer;
}

void service_lifecycle::add_metrics(telemetry::registry& metrics) {
  metrics.add_collector([this](auto& families) {
    using prometheus::MetricType;
    families.push_back(telemetry::single_value_family("cohort_blocking_queued", "Blocking jobs that wait for a thread.",
                                                      MetricType::Gauge,
                                                      static_cast<double>(blocking_.queued_count())));
    families.push_back(telemetry::single_value_family("cohort_blocking_running", "Blocking jobs in progress.",
                                                      MetricType::Gauge,
                                                      static_cast<double>(blocking_.running_count())));
  });
}

void service_lifecycle::on_start(task<> work) {
  if (is_started_) throw std::logic_error{"on_start was called after the start of the service"};
  detail::check_not_empty(work);
  start_hooks_.push_back(std::move(work));
}

void service_lifecycle::on_stop(task<> work) {
  detail::check_not_empty(work);
  stop_hooks_.push_back(std::move(work));
}

void service_lifecycle::add_reload(std::string setting, config::reloader::action reload,
                                   std::vector<std::string> files) {
  reloads_.push_back({std::move(setting), std::move(reload), std::move(files)});
}

void service_lifecycle::move_reloads_to(config::reloader& settings) {
  for (auto& each : std::exchange(reloads_, {})) {
    settings.add(std::move(each.name), std::move(each.reload), std::move(each.files));
  }
}

task<> service_lifecycle::start() {
  is_started_ = true;
  auto hooks = std::exchange(start_hooks_, {});
  for (auto& hook : hooks) co_await std::move(hook);
  jobs_.start();
}

task<> service_lifecycle::stop(deadline stop_deadline) {
  const auto hooks_deadline = std::max(stop_deadline, deadline::after(loop::current().now(), min_stop_time));
  auto hooks = std::exchange(stop_hooks_, {});
  std::ranges::reverse(hooks);
  for (auto& hook : hooks) {
    std::string error;
    try {
      const auto ended = co_await with_deadline(hooks_deadline, std::move(hook));
      if (!ended) error = "not completed at the end of the drain";
    } catch (const std::exception& failure) {
      error = failure.what();
    } catch (...) {
      error = "unknown exception";
    }
    if (!error.empty()) log_.write(log_level::error, "stop hook failed", {{"error", std::string_view{error}}});
  }
  unfinished_jobs_ = co_await blocking_.stop(hooks_deadline);
  for (const auto& job : unfinished_jobs_) {
    log_.write(log_level::error, "blocking job has not ended and is abandoned", {{"job", std::string_view{job}}});
  }
}

}  // namespace cohort::service

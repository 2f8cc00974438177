// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/stall_watchdog.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <new>
#include <optional>
#include <stop_token>

#include <cohort/runtime/stall_detector.hpp>

namespace cohort::service {
namespace {

constexpr duration min_log_interval = std::chrono::seconds{1};

/// Number of observations per threshold, which determines the precision of the start of a stall.
constexpr int observations_per_threshold = 4;

const std::vector<double>& stall_bounds() {
  static const std::vector<double> bounds{0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};
  return bounds;
}

std::int64_t to_integer_milliseconds(duration span) noexcept {
  return std::chrono::round<std::chrono::milliseconds>(span).count();
}

struct stall_metrics {
  stall_metrics(telemetry::registry& metrics, std::size_t loop_index)
      : stalls(metrics.make_counter("cohort_loop_stalls_total",
                                    "Number of times that an event loop was blocked for longer than the threshold.",
                                    {{"loop", std::to_string(loop_index)}})),
        stalled_seconds(
            metrics.make_gauge("cohort_loop_stalled_seconds",
                               "Time for which an event loop has been blocked, in seconds; 0 if it is not blocked.",
                               {{"loop", std::to_string(loop_index)}})),
        durations(metrics.make_histogram("cohort_loop_stall_seconds",
                                         "Time for which an event loop was blocked, in seconds.", {}, stall_bounds())) {
  }
  telemetry::counter& stalls;
  telemetry::gauge& stalled_seconds;
  telemetry::histogram& durations;
};

/// The current work of a loop, read on another thread, so the work may already have ended.
struct running_activity {
  std::string_view kind = "none";
  std::string_view name;
  telemetry::trace_id trace;
};

running_activity read_activity(const loop& loop) noexcept {
  const auto* const current = loop.current_activity();
  const auto* const name = current ? current->name() : nullptr;
  if (!name) return {};
  return {
      current->kind() == activity_kind::job ? "job" : "request", name, {current->trace_high(), current->trace_low()}};
}

}  // namespace

class stall_watchdog::watched_loop {
 public:
  watched_loop(loop_monitor& monitor, duration threshold, const std::vector<telemetry::registry*>& registries)
      : monitor_(monitor), detector_(threshold) {
    const auto index = monitor.monitored_loop().index();
    for (auto* registry : registries) metrics_.emplace_back(*registry, index);
  }

  void observe(time_point now, const telemetry::logger& log) {
    auto& observed = monitor_.monitored_loop();
    const auto sequence = observed.activity_sequence();
    if (sequence != sequence_) cpu_at_start_ = monitor_.cpu_seconds();
    sequence_ = sequence;
    const auto idle = marker_->has_run.load(std::memory_order_acquire)
                          ? std::optional{marker_->sequence.load(std::memory_order_relaxed)}
                          : std::nullopt;
    const bool was_stalled = detector_.is_stalled();
    switch (detector_.observe(now, sequence, idle)) {
      case stall_detector::action::none: break;
      case stall_detector::action::post_marker: post_marker(); break;
      case stall_detector::action::report: on_stalled(now, !was_stalled, log); break;
      case stall_detector::action::report_end: on_ended(log); break;
    }
  }

 private:
  /// Shared with the posted function, which can outlive the watchdog.
  struct marker {
    std::atomic<bool> has_run{false};
    std::atomic<std::size_t> sequence{0};
  };

  void post_marker() {
    auto& observed = monitor_.monitored_loop();
    try {
      auto new_marker = std::make_shared<marker>();
      asio::post(observed.get_executor(), [new_marker, &observed] {
        new_marker->sequence.store(observed.activity_sequence(), std::memory_order_relaxed);
        new_marker->has_run.store(true, std::memory_order_release);
      });
      marker_ = std::move(new_marker);
    } catch (const std::bad_alloc&) {
      // Without a marker, the loop counts as idle.
      marker_->sequence.store(sequence_, std::memory_order_relaxed);
      marker_->has_run.store(true, std::memory_order_release);
    }
  }

  void on_stalled(time_point now, bool is_new, const telemetry::logger& log) {
    set_stalled_seconds(to_seconds(detector_.elapsed()));
    if (is_new) {
      for (auto& each : metrics_) each.stalls.increment();
      is_logged_ = now >= next_log_time_;
      if (!is_logged_) ++suppressed_stalls_;
    } else if (detector_.elapsed() >= min_log_interval) {
      is_logged_ = true;
    }
    if (!is_logged_) return;
    next_log_time_ = now + min_log_interval;
    const auto running = read_activity(monitor_.monitored_loop());
    const auto trace = running.trace.hex();
    std::vector<telemetry::log_field> fields{
        {"loop", static_cast<std::int64_t>(monitor_.monitored_loop().index())},
        {"stalled_ms", to_integer_milliseconds(detector_.elapsed())},
        {"cpu_ms", static_cast<std::int64_t>((monitor_.cpu_seconds() - cpu_at_start_) * 1000)},
        {"activity", running.kind}};
    if (!running.name.empty()) fields.push_back({"name", running.name});
    if (running.trace) fields.push_back({"trace_id", std::string_view{trace.data(), trace.size()}});
    if (suppressed_stalls_ > 0) fields.push_back({"stalls_not_logged", std::exchange(suppressed_stalls_, 0)});
    log.write(telemetry::log_level::warn, "event loop stalled", fields);
  }

  void on_ended(const telemetry::logger& log) {
    for (auto& each : metrics_) each.durations.observe(to_seconds(detector_.elapsed()));
    set_stalled_seconds(0);
    if (!is_logged_) return;
    log.write(telemetry::log_level::warn, "event loop continues after a stall",
              {{"loop", static_cast<std::int64_t>(monitor_.monitored_loop().index())},
               {"stalled_ms", to_integer_milliseconds(detector_.elapsed())}});
  }

  void set_stalled_seconds(double seconds) {
    for (auto& each : metrics_) each.stalled_seconds.add(seconds - each.stalled_seconds.value());
  }

  loop_monitor& monitor_;
  stall_detector detector_;
  std::vector<stall_metrics> metrics_;
  std::shared_ptr<marker> marker_ = std::make_shared<marker>();
  std::size_t sequence_ = 0;
  double cpu_at_start_ = 0;
  bool is_logged_ = false;
  std::int64_t suppressed_stalls_ = 0;
  time_point next_log_time_{};
};

stall_watchdog::stall_watchdog(const std::vector<std::unique_ptr<loop_monitor>>& monitors, duration threshold,
                               const std::vector<telemetry::registry*>& registries, telemetry::logger log)
    : interval_(threshold / observations_per_threshold), log_(std::move(log)) {
  for (const auto& monitor : monitors) {
    loops_.push_back(std::make_unique<watched_loop>(*monitor, threshold, registries));
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

stall_watchdog::~stall_watchdog() = default;

void stall_watchdog::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    try {
      for (const auto& each : loops_) each->observe(real_clock().now(), log_);
    } catch (const std::bad_alloc&) {
      // The memory is insufficient for the log line of the stall; the next observation may succeed.
    }
    stop_condition_.wait_for(lock, stop, interval_, [] { return false; });
  }
}

}  // namespace cohort::service

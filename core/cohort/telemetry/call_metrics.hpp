// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/metrics.hpp>
#include <cohort/telemetry/requests/call_recording.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::telemetry {

/// The metrics of the calls to a database or a similar server: `PREFIX_in_flight`, `PREFIX_requests_total{outcome}` and
/// `PREFIX_request_duration_seconds`. All series exist from the start, with the value zero.
class call_metrics {
 public:
  struct description {
    /// The prefix of the names, such as `cohort_redis`.
    std::string prefix;
    std::string in_flight_help;
    std::string requests_help;
    std::string duration_help;
    /// The values of the label `outcome`. The array must outlive the metrics.
    std::span<const std::string_view> outcomes;
  };

  /// `registry` must outlive the metrics. `upstream` is the value of the label `upstream`.
  call_metrics(registry& registry, const description& metrics, const std::string& upstream);

  void on_start() noexcept { in_flight_.add(1); }
  /// Records the end of a call. `outcome` must be one of the values of the label.
  void on_end(std::string_view outcome, duration elapsed, const trace_context& trace, time_point now);

 private:
  std::span<const std::string_view> outcomes_;
  gauge& in_flight_;
  histogram& durations_;
  std::vector<counter*> calls_;
};

/// Records a call in its metrics and in the record of its request. The destructor records the end of the call,
/// including an end by an exception or a cancellation. Must be created and destroyed on one loop, while the request is
/// in progress.
class recorded_call {
 public:
  /// `name` is the name of the database. `call_deadline` is the deadline of the call.
  recorded_call(std::shared_ptr<call_metrics> metrics, const call_context& context, call_kind kind,
                std::string_view name, deadline call_deadline)
      : metrics_(std::move(metrics)),
        trace_(context.trace),
        recording_(find_request_record(context), name, start_time_, call_deadline, kind) {
    metrics_->on_start();
  }
  ~recorded_call() {
    const auto now = loop_.now();
    metrics_->on_end(outcome_, now - start_time_, trace_, now);
    recording_.end(outcome_);
  }
  recorded_call(const recorded_call&) = delete;
  recorded_call& operator=(const recorded_call&) = delete;

  /// Sets the outcome, a string that must outlive the call. The default is `cancelled`.
  void set_outcome(std::string_view outcome) noexcept { outcome_ = outcome; }
  /// Sets the statement or command.
  void set_detail(std::string_view detail) noexcept { recording_.set_detail(detail); }

 private:
  std::shared_ptr<call_metrics> metrics_;
  trace_context trace_;
  loop& loop_ = loop::current();
  time_point start_time_ = loop_.now();
  std::string_view outcome_ = "cancelled";
  call_recording recording_;
};

}  // namespace cohort::telemetry

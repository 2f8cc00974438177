// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <cohort/faults/ballast.hpp>
#include <cohort/faults/fault_settings.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::faults {

/// Injects faults into a service, on all of its loops, as set by `/api/faults`. Requests read the current settings
/// without a lock. Metrics: `cohort_faults_active{kind}`, `cohort_faults_injected_total{kind}`.
class fault_injector {
 public:
  /// The loops and `metrics` must outlive this object.
  fault_injector(const std::vector<loop*>& loops, telemetry::registry& metrics, telemetry::logger log);
  fault_injector(const fault_injector&) = delete;
  fault_injector& operator=(const fault_injector&) = delete;

  /// Wraps the handlers of all routes except probes and exempt routes, then adds `/api/faults`: GET returns the current
  /// settings (`to_json`), PUT replaces them (400 if they are invalid), DELETE removes them. PUT and DELETE also return
  /// the current settings. PUT and DELETE requests with an `Origin` header are rejected with 403. Wrapped handlers are
  /// asynchronous, so that admission control measures injected latency.
  void install(http::router& routes);

  /// Replaces the current settings and releases the requests that these settings delay. Has no effect after `end`.
  /// Thread-safe.
  void set(const fault_settings& settings);
  /// Ends the injection permanently, so that a drain does not wait for it. Thread-safe.
  void end();

 private:
  /// The settings that apply to requests.
  struct request_faults {
    std::uint16_t latency_ms;
    std::uint8_t error_percent;
    std::uint8_t hang_percent;
  };
  static_assert(std::atomic<request_faults>::is_always_lock_free);

  /// State of one loop, used on that loop only.
  class shard {
   public:
    explicit shard(loop& owner);
    void apply(std::int64_t cpu_percent);

    loop& event_loop;
    /// Requests delayed by an injected fault.
    wait_queue delayed_requests;

   private:
    void burn_cpu();

    std::int64_t cpu_percent_ = 0;
    bound_timer<&shard::burn_cpu> burn_timer_;
  };

  struct kind {
    std::int64_t fault_settings::* member;
    telemetry::gauge& active;
  };

  static task<http::response> handle(fault_injector& self, const http::handler& handler,
                                     http::request_context& context);
  static task<http::response> handle_streaming(fault_injector& self, const http::streaming_handler& handler,
                                               http::request_context& context, http::body_reader& body);
  /// Delays the request, and returns the response of an injected error.
  static task<std::optional<http::response>> inject(fault_injector& self);
  /// Waits until `end_of_delay` or the next change of the settings. Throws `operation_aborted` if the request is
  /// cancelled.
  static task<> delay_request(fault_injector& self, deadline end_of_delay);
  http::response put_settings(const http::request_context& context);
  http::response get_settings();
  /// Precondition: `mutex_` is locked. `message` is written to the log.
  void change_settings(const fault_settings& settings, std::string_view message);
  /// Called on the first loop.
  void apply_on_first_loop(const fault_settings& settings, deadline expiry);
  void on_expiry();

  telemetry::logger log_;
  std::vector<std::unique_ptr<shard>> shards_;
  ballast ballast_;
  bound_timer<&fault_injector::on_expiry> expiry_timer_;
  std::vector<kind> kinds_;
  telemetry::counter& injected_latencies_;
  telemetry::counter& injected_errors_;
  telemetry::counter& injected_hangs_;

  std::atomic<request_faults> request_faults_{};
  std::mutex mutex_;
  fault_settings settings_;
  deadline expiry_;
  bool has_ended_ = false;
};

/// Duration of the busy loop in each `period`.
constexpr duration busy_time(duration period, std::int64_t cpu_percent) noexcept { return period * cpu_percent / 100; }

}  // namespace cohort::faults

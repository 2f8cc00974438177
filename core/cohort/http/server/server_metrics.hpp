// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/server/bounds/bounds_metrics.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/http/websocket/websocket_metrics.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

/// The request metrics of a service: `<prefix>_http_requests_total{endpoint,method,status}`,
/// `<prefix>_http_request_duration_seconds{endpoint,method}`, and `cohort_server_*`. The labels are resolved to
/// counters once. The series of the common statuses exist, at zero, from the start, so that a rate includes the first
/// request. Safe from any thread.
class server_metrics {
 public:
  /// `registry` must outlive this object; `routes` must be complete.
  server_metrics(telemetry::registry& registry, const std::string& prefix, const router& routes);

  /// Counts a response. `matched_route` is null for a path without a route. Probes are not counted. `trace` may become
  /// the exemplar of the duration; `now` is the calling loop's time.
  void on_response(const route* matched_route, std::string_view method_text, method verb, status code, duration elapsed,
                   const telemetry::trace_context& trace, time_point now);

  /// Counts a request whose remaining time is shorter than its route's usual latency.
  void on_infeasible(const route& requested_route, bool rejected) {
    admission_[requested_route.index].infeasible[rejected ? 1 : 0]->increment();
  }
  /// Counts a request that was rejected because of overload.
  void on_shed(const route& requested_route) { admission_[requested_route.index].shed->increment(); }
  /// Adds the change of one loop's concurrency limit to the sum over all loops.
  void on_concurrency_limit(const route& requested_route, double change) {
    admission_[requested_route.index].limit->add(change);
  }

  /// The metrics of WebSockets, which are created with the server if it has a WebSocket route, otherwise by the first
  /// call.
  websocket_metrics& websockets();

  telemetry::gauge& connections;
  telemetry::counter& connections_total;
  telemetry::gauge& requests_in_flight;
  telemetry::counter& abandoned_total;
  telemetry::counter& deadline_exceeded_total;
  telemetry::counter& invalid_deadlines_total;
  bounds_metrics bounds;

 private:
  static constexpr std::size_t method_count = 10;
  static constexpr std::size_t max_status = 600;
  struct method_metrics {
    telemetry::histogram* durations = nullptr;
    std::array<std::atomic<telemetry::counter*>, max_status> counters_by_status{};
  };

  /// The counters are null for a route without admission control.
  struct admission_metrics {
    std::array<telemetry::counter*, 2> infeasible{};  // observed, rejected
    telemetry::counter* shed = nullptr;
    telemetry::gauge* limit = nullptr;
  };

  admission_metrics make_admission_metrics(const std::string& endpoint);
  method_metrics& metrics_for(std::size_t endpoint, std::size_t method_index);
  telemetry::counter& counter_for(method_metrics& metrics, std::size_t endpoint, std::size_t method_index,
                                  unsigned code);

  telemetry::registry& registry_;
  std::string prefix_;
  /// The route patterns, indexed by `route::index`, followed by `unmatched`.
  std::vector<std::string> endpoints_;
  std::vector<std::array<std::atomic<method_metrics*>, method_count>> metrics_by_endpoint_;
  std::vector<admission_metrics> admission_;
  std::mutex creation_mutex_;
  std::deque<method_metrics> method_metrics_;
  std::once_flag websockets_flag_;
  std::optional<websocket_metrics> websockets_;
};

}  // namespace cohort::http

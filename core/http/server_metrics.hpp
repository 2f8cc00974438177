#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

#include "core/http/router.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::http {

/// A service's request metrics, resolved to plain counters when the server starts:
/// `<prefix>_http_requests_total{endpoint,method,status}` and
/// `<prefix>_http_request_duration_seconds{endpoint,method}`. What a route may usually answer exists at zero from the
/// start, so that a rate sees the first one.
class server_metrics {
 public:
  server_metrics(telemetry::registry& all, const std::string& prefix, const router& routes);

  /// `matched` is null for a path that no route has. Probes are not traffic and are not counted. `trace` may become an
  /// exemplar; `now` is the calling loop's time.
  void on_answer(const route* matched, std::string_view method_text, method verb, status code, duration took,
                 const telemetry::trace_context& trace, time_point now);

  /// A request had less time left than its route usually takes.
  void on_hopeless(const route& of, bool refused) { doors_[of.index].hopeless[refused ? 1 : 0]->increment(); }
  /// A request was turned away, since too many were under way.
  void on_shed(const route& of) { doors_[of.index].shed->increment(); }
  /// How many requests may be under way, of all loops together, has changed.
  void on_limit(const route& of, double by) { doors_[of.index].limit->add(by); }

  telemetry::gauge& connections;
  telemetry::counter& connections_total;
  telemetry::gauge& requests_in_flight;
  /// Requests whose answer was not wanted any more: the client hung up before it.
  telemetry::counter& abandoned_total;
  /// Requests that ran out of time here.
  telemetry::counter& deadline_exceeded_total;
  /// Headers that told of a time that cannot be.
  telemetry::counter& absurd_deadlines_total;

 private:
  static constexpr std::size_t method_kinds = 10;
  struct method_metrics {
    telemetry::histogram* durations = nullptr;
    std::array<std::atomic<telemetry::counter*>, 600> by_status{};
  };

  /// Of a route that waits for something; null else.
  struct door_metrics {
    std::array<telemetry::counter*, 2> hopeless{};  // let in, refused
    telemetry::counter* shed = nullptr;
    telemetry::gauge* limit = nullptr;
  };

  door_metrics make_door_metrics(const std::string& endpoint);
  method_metrics& metrics_for(std::size_t endpoint, std::size_t kind);
  telemetry::counter& counter_for(method_metrics& of, std::size_t endpoint, std::size_t kind, unsigned code);
  const std::string& endpoint_name(std::size_t endpoint) const { return endpoints_[endpoint]; }

  telemetry::registry& all_;
  std::string prefix_;
  std::vector<std::string> endpoints_;
  std::vector<std::array<std::atomic<method_metrics*>, method_kinds>> table_;
  std::vector<door_metrics> doors_;
  std::mutex making_;
  std::deque<method_metrics> owned_;
};

}  // namespace cohort::http

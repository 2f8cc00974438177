// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server_metrics.hpp>

#include <algorithm>

#include <cohort/http/server/routing/is_websocket.hpp>

namespace cohort::http {
namespace {

/// The methods of RFC 9110 and PATCH. All other methods have the label `_OTHER`, because clients can send any number of
/// different methods.
constexpr std::array<std::string_view, 10> method_labels{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                         "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};

std::size_t method_index_of(method verb, std::string_view text) noexcept {
  switch (verb) {
    case method::get: return 0;
    case method::head: return 1;
    default: break;
  }
  for (std::size_t i = 2; i + 1 < method_labels.size(); ++i)
    if (method_labels[i] == text) return i;
  return method_labels.size() - 1;
}

/// The label `endpoint` of a route: its pattern, with `*` for `{name...}`. Label values are part of the public API.
std::string endpoint_of(const route& entry) {
  const auto& pattern = entry.path_pattern();
  if (pattern.segments().back().segment_kind != pattern_segment::kind::rest) return entry.pattern;
  return entry.pattern.substr(0, entry.pattern.rfind('/')) + "/*";
}

bool has_websocket(const route& entry) {
  return std::any_of(entry.operations().begin(), entry.operations().end(),
                     [](const std::unique_ptr<operation>& candidate) { return is_websocket(*candidate); });
}

constexpr std::array common_statuses{200U, 400U, 401U, 429U, 500U, 502U, 503U, 504U};

}  // namespace

server_metrics::server_metrics(telemetry::registry& registry, const std::string& prefix, const router& routes)
    : connections(registry.make_gauge("cohort_server_connections", "Open client connections.")),
      connections_total(registry.make_counter("cohort_server_connections_total", "Accepted client connections.")),
      requests_in_flight(registry.make_gauge("cohort_server_requests_in_flight", "Requests in flight.")),
      abandoned_total(registry.make_counter("cohort_server_requests_abandoned_total",
                                            "Requests whose client disconnected before the response.")),
      deadline_exceeded_total(registry.make_counter("cohort_server_deadline_exceeded_total",
                                                    "Requests whose deadline passed before the response.")),
      invalid_deadlines_total(registry.make_counter("cohort_server_absurd_deadlines_total",
                                                    "Requests with an invalid deadline header, which was ignored.")),
      bounds(registry),
      registry_(registry),
      prefix_(prefix),
      metrics_by_endpoint_(routes.routes().size() + 1) {
  for (const auto& entry : routes.routes()) endpoints_.push_back(endpoint_of(*entry));
  endpoints_.emplace_back("unmatched");
  for (const auto& entry : routes.routes()) {
    const bool has_admission_control = entry->is_async() && !entry->is_probe();
    admission_.push_back(has_admission_control ? make_admission_metrics(endpoint_of(*entry)) : admission_metrics{});
  }
  for (const auto& entry : routes.routes()) {
    if (entry->is_probe()) continue;
    for (std::size_t index = 0; index < method_labels.size(); ++index) {
      const auto verb = boost::beast::http::string_to_verb(method_labels[index]);
      if (verb == method::unknown || !entry->find_operation(verb)) continue;
      auto& metrics = metrics_for(entry->index, index);
      for (const auto code : common_statuses) counter_for(metrics, entry->index, index, code);
    }
  }
  if (std::any_of(routes.routes().begin(), routes.routes().end(),
                  [](const auto& entry) { return has_websocket(*entry); }))
    websockets();
  auto& unmatched_metrics = metrics_for(routes.routes().size(), 0);
  counter_for(unmatched_metrics, routes.routes().size(), 0, 404);
}

websocket_metrics& server_metrics::websockets() {
  std::call_once(websockets_flag_, [this] { websockets_.emplace(registry_); });
  return *websockets_;
}

server_metrics::admission_metrics server_metrics::make_admission_metrics(const std::string& endpoint) {
  const auto infeasible_counter = [&](const char* action) {
    return &registry_.make_counter("cohort_server_hopeless_requests_total",
                                   "Requests whose remaining time was shorter than their route's usual latency.",
                                   {{"endpoint", endpoint}, {"action", action}});
  };
  return {{infeasible_counter("observed"), infeasible_counter("refused")},
          &registry_.make_counter("cohort_server_shed_total", "Requests rejected because of overload.",
                                  {{"endpoint", endpoint}}),
          &registry_.make_gauge("cohort_server_concurrency_limit", "Adaptive limit of concurrent requests.",
                                {{"endpoint", endpoint}})};
}

server_metrics::method_metrics& server_metrics::metrics_for(std::size_t endpoint, std::size_t method_index) {
  auto& slot = metrics_by_endpoint_[endpoint][method_index];
  if (auto* existing = slot.load(std::memory_order_acquire)) return *existing;
  const std::lock_guard lock{creation_mutex_};
  if (auto* existing = slot.load(std::memory_order_acquire)) return *existing;
  auto& new_metrics = method_metrics_.emplace_back();
  new_metrics.durations = &registry_.make_histogram(
      prefix_ + "_http_request_duration_seconds", "Time from a request's header section to its response, in seconds.",
      {{"endpoint", endpoints_[endpoint]}, {"method", std::string{method_labels[method_index]}}});
  slot.store(&new_metrics, std::memory_order_release);
  return new_metrics;
}

telemetry::counter& server_metrics::counter_for(method_metrics& metrics, std::size_t endpoint, std::size_t method_index,
                                                unsigned code) {
  auto& slot = metrics.counters_by_status[code];
  if (auto* existing = slot.load(std::memory_order_acquire)) return *existing;
  auto& new_counter = registry_.make_counter(prefix_ + "_http_requests_total", "Requests with a response.",
                                             {{"endpoint", endpoints_[endpoint]},
                                              {"method", std::string{method_labels[method_index]}},
                                              {"status", std::to_string(code)}});
  slot.store(&new_counter, std::memory_order_release);
  return new_counter;
}

void server_metrics::on_response(const route* matched_route, std::string_view method_text, method verb, status code,
                                 duration elapsed, const telemetry::trace_context& trace, time_point now) {
  if (matched_route && matched_route->is_probe()) return;
  const auto endpoint = matched_route ? matched_route->index : metrics_by_endpoint_.size() - 1;
  const auto method_index = method_index_of(verb, method_text);
  auto& metrics = metrics_for(endpoint, method_index);
  counter_for(metrics, endpoint, method_index, static_cast<unsigned>(code) % max_status).increment();
  metrics.durations->observe(to_seconds(elapsed), trace, now);
}

}  // namespace cohort::http

#include "core/http/server_metrics.hpp"

namespace cohort::http {
namespace {

/// RFC 9110's methods and PATCH; all others count as one, since anybody can make up more.
constexpr std::array<std::string_view, 10> kinds{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                 "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"};

std::size_t kind_of(method verb, std::string_view text) noexcept {
  switch (verb) {
    case method::get: return 0;
    case method::head: return 1;
    default: break;
  }
  for (std::size_t i = 2; i + 1 < kinds.size(); ++i)
    if (kinds[i] == text) return i;
  return kinds.size() - 1;
}

constexpr std::array usual_answers{200U, 400U, 401U, 429U, 500U, 502U, 503U, 504U};

}  // namespace

server_metrics::server_metrics(telemetry::registry& all, const std::string& prefix, const router& routes)
    : connections(all.make_gauge("cohort_server_connections", "Open client connections.")),
      connections_total(all.make_counter("cohort_server_connections_total", "Client connections accepted.")),
      requests_in_flight(all.make_gauge("cohort_server_requests_in_flight", "Requests being answered.")),
      abandoned_total(all.make_counter("cohort_server_requests_abandoned_total",
                                       "Requests whose client hung up before the answer.")),
      deadline_exceeded_total(
          all.make_counter("cohort_server_deadline_exceeded_total", "Requests that ran out of their time here.")),
      absurd_deadlines_total(
          all.make_counter("cohort_server_absurd_deadlines_total",
                           "Deadline headers that told of a time that cannot be, and were ignored.")),
      all_(all),
      prefix_(prefix),
      table_(routes.routes().size() + 1) {
  for (const auto& each : routes.routes()) endpoints_.push_back(each->pattern);
  endpoints_.emplace_back("unmatched");
  for (const auto& each : routes.routes()) {
    doors_.push_back(each->awaits() && !each->is_probe ? make_door_metrics(each->pattern) : door_metrics{});
  }
  for (const auto& each : routes.routes()) {
    if (each->is_probe) continue;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      const auto verb = boost::beast::http::string_to_verb(kinds[kind]);
      if (verb == method::unknown || !each->find(verb)) continue;
      auto& metrics = metrics_for(each->index, kind);
      for (const auto code : usual_answers) counter_for(metrics, each->index, kind, code);
    }
  }
  auto& unmatched = metrics_for(routes.routes().size(), 0);
  counter_for(unmatched, routes.routes().size(), 0, 404);
}

server_metrics::door_metrics server_metrics::make_door_metrics(const std::string& endpoint) {
  const auto hopeless = [&](const char* action) {
    return &all_.make_counter("cohort_server_hopeless_requests_total",
                              "Requests with less time left than their route usually takes.",
                              {{"endpoint", endpoint}, {"action", action}});
  };
  return {{hopeless("observed"), hopeless("refused")},
          &all_.make_counter("cohort_server_shed_total", "Requests turned away, since too many were under way.",
                             {{"endpoint", endpoint}}),
          &all_.make_gauge("cohort_server_concurrency_limit", "How many requests may be under way at once.",
                           {{"endpoint", endpoint}})};
}

server_metrics::method_metrics& server_metrics::metrics_for(std::size_t endpoint, std::size_t kind) {
  auto& slot = table_[endpoint][kind];
  if (auto* made = slot.load(std::memory_order_acquire)) return *made;
  const std::lock_guard lock{making_};
  if (auto* made = slot.load(std::memory_order_acquire)) return *made;
  auto& made = owned_.emplace_back();
  made.durations = &all_.make_histogram(prefix_ + "_http_request_duration_seconds",
                                        "Time from a request's header to its answer, in seconds.",
                                        {{"endpoint", endpoint_name(endpoint)}, {"method", std::string{kinds[kind]}}});
  slot.store(&made, std::memory_order_release);
  return made;
}

telemetry::counter& server_metrics::counter_for(method_metrics& of, std::size_t endpoint, std::size_t kind,
                                                unsigned code) {
  auto& slot = of.by_status[code];
  if (auto* made = slot.load(std::memory_order_acquire)) return *made;
  auto& made = all_.make_counter(
      prefix_ + "_http_requests_total", "Requests answered.",
      {{"endpoint", endpoint_name(endpoint)}, {"method", std::string{kinds[kind]}}, {"status", std::to_string(code)}});
  slot.store(&made, std::memory_order_release);
  return made;
}

void server_metrics::on_answer(const route* matched, std::string_view method_text, method verb, status code,
                               duration took, const telemetry::trace_context& trace, time_point now) {
  if (matched && matched->is_probe) return;
  const auto endpoint = matched ? matched->index : table_.size() - 1;
  const auto kind = kind_of(verb, method_text);
  auto& metrics = metrics_for(endpoint, kind);
  counter_for(metrics, endpoint, kind, static_cast<unsigned>(code) % 600).increment();
  metrics.durations->observe(std::chrono::duration<double>(took).count(), trace, now);
}

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/service_client.hpp"

#include <cohort/json/parser.hpp>

namespace cohort::dashboard {
namespace {

constexpr std::size_t max_reusable_requests = 64;

struct body_summary {
  bool is_stale = false;
  reported_values values{};
};

/// Returns an empty result if `body` is not a JSON object.
std::optional<body_summary> summarize(std::string_view body) {
  simdjson::dom::element root;
  simdjson::dom::object members;
  if (!json::parse_document(body, root) || root.get(members) != simdjson::SUCCESS) return std::nullopt;
  bool flag = false;
  return body_summary{.is_stale = members["stale"].get(flag) == simdjson::SUCCESS && flag,
                      .values = read_reported_values(members)};
}

part_state state_of(http::client_error error) noexcept {
  if (error == http::client_error::breaker_open) return part_state::open;
  if (http::error_class(error) == "shed") return part_state::shed;
  return http::is_timeout(error) ? part_state::timeout : part_state::error;
}

/// Returns the state for a response that is not 200 with a JSON object.
part_state state_of(const http::client_response& response) {
  if (response.status == http::status::gateway_timeout) return part_state::timeout;
  const bool is_shed =
      response.status == http::status::too_many_requests || response.find(http::overloaded_field).has_value();
  return is_shed ? part_state::shed : part_state::error;
}

std::string describe_failure(const http::client_response& response) {
  if (response.status == http::status::ok) return "the body of the response is not a JSON object";
  return "status " + std::to_string(response.status_code());
}

part to_part(http::client_result&& response) {
  part result;
  if (!response) {
    result.state = state_of(response.error());
    result.reason = make_error_code(response.error()).message();
    return result;
  }
  const auto summary = response->status == http::status::ok ? summarize(response->body) : std::nullopt;
  if (summary) {
    result.state = summary->is_stale ? part_state::stale : part_state::fresh;
    result.values = summary->values;
    // The body becomes part of another JSON document, where a byte order mark is not permitted.
    const auto byte_order_mark_size = response->body.size() - json::strip_byte_order_mark(response->body).size();
    result.body = std::move(response->body.erase(0, byte_order_mark_size));
  } else {
    result.state = state_of(*response);
    result.reason = describe_failure(*response);
  }
  return result;
}

}  // namespace

service_client::service_client(const service::service_context& context, endpoint endpoint,
                               const http::upstream_settings& policy, std::shared_ptr<call_history> history)
    : directory_(context.client.upstreams()),
      upstream_(context.make_upstream(endpoint.upstream, policy)),
      api_key_(context.api_key),
      url_(std::move(endpoint.url)),
      reusable_requests_(context.loops().size()),
      index_(endpoint.index),
      history_(std::move(history)),
      durations_(context.metrics.make_histogram("dashboard_service_upstream_request_duration_seconds",
                                                "Duration of calls to upstream services, in seconds.",
                                                {{"service", endpoint.label}})) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_[i] = &context.metrics.make_counter(
        "dashboard_service_upstream_requests_total", "Calls to upstream services, by service and outcome.",
        {{"service", endpoint.label}, {"outcome", std::string{part_state_names[i]}}});
  }
}

/// Returns the request object of an earlier call on this loop, or a new object.
std::unique_ptr<http::client_request> service_client::take_request() {
  const auto& key = api_key_.get();
  auto& reusable = reusable_requests_.at(loop::current().index());
  if (!reusable.empty()) {
    auto request = std::move(reusable.back());
    reusable.pop_back();
    const auto& fields = request->fields;
    if (key.empty() ? fields.size() == 1 : fields.size() == 2 && fields[1].second == key) return request;
  }
  auto request = std::make_unique<http::client_request>();
  request->url = url_;
  request->fields.emplace_back("Accept", "application/json");
  if (!key.empty()) request->fields.emplace_back("X-API-Key", key);
  return request;
}

void service_client::return_request(std::unique_ptr<http::client_request> request) {
  auto& reusable = reusable_requests_.at(loop::current().index());
  if (reusable.size() < max_reusable_requests) reusable.push_back(std::move(request));
}

task<part> service_client::fetch(call_context context, std::optional<duration> timeout) {
  auto request = take_request();
  auto call_task = upstream_.call_in_place(*request, context, timeout);
  auto call = co_await std::move(call_task);
  return_request(std::move(request));
  // A cancelled call is not counted. The caller is cancelled at its next wait.
  if (!call.response && call.response.error() == http::client_error::cancelled)
    co_return part{.reason = "the call was cancelled"};
  auto result = to_part(std::move(call.response));
  result.elapsed = call.elapsed;
  result.timeout = call.timeout;
  if (result.state == part_state::open) result.time_until_probe = breaker_retry_after();
  record(result, context.trace);
  co_return result;
}

duration service_client::breaker_retry_after() const {
  for (const auto& each : directory_.statuses()) {
    if (each.name == label()) return each.breaker_retry_after;
  }
  return {};
}

void service_client::record(const part& result, const telemetry::trace_context& trace) {
  const auto& loop = loop::current();
  const auto now = loop.now();
  durations_.observe(to_seconds(result.elapsed), trace, now);
  if (history_) history_->add(loop.index(), index_, {result.state, result.elapsed, result.values}, now);
  outcomes_[static_cast<std::size_t>(result.state)]->increment();
}

}  // namespace cohort::dashboard

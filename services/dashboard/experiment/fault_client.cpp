// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/experiment/fault_client.hpp"

#include <cohort/http/client/fetch.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "services/dashboard/route_url.hpp"

namespace cohort::dashboard {
namespace {

constexpr duration timeout = std::chrono::seconds{2};

bool is_active(std::string_view body) {
  const auto active = json::parse(body, [](simdjson::dom::element root) -> result<bool> {
    bool flag = false;
    return root["active"].get(flag) == simdjson::SUCCESS && flag;
  });
  return active && *active;
}

/// Returns the reason why fault injection is unavailable; empty if it is available.
std::string fault_api_error(const http::client_result& response) {
  if (!response) return "The weather service is unavailable: " + make_error_code(response.error()).message();
  switch (response->status) {
    case http::status::ok: return {};
    case http::status::not_found: return "Fault injection is not enabled in the weather service (ENABLE_FAULTS)";
    case http::status::unauthorized: return "The weather service requires another API key";
    default: return "The weather service responds with the status " + std::to_string(response->status_code());
  }
}

}  // namespace

fault_client::fault_client(const service::service_context& context, const boost::urls::url& base)
    : client_(context.client), api_key_(context.api_key), url_(route_url(base, "/api/faults")) {}

task<http::client_result> fault_client::send(http::method verb, std::string body) {
  http::client_request request;
  request.method = verb;
  request.url = url_;
  if (!body.empty()) request.fields.emplace_back("Content-Type", "application/json");
  if (const auto& key = api_key_.get(); !key.empty()) request.fields.emplace_back("X-API-Key", key);
  request.body = std::move(body);
  const auto call_deadline = deadline::after(loop::current().now(), timeout);
  auto call_task = http::fetch(client_, std::move(request), call_deadline);
  co_return co_await std::move(call_task);
}

task<std::string> fault_client::inject(experiment_settings settings, std::int64_t seconds) {
  auto send_task = send(http::method::get, {});
  const auto current = co_await std::move(send_task);
  if (auto failure = fault_api_error(current); !failure.empty()) co_return failure;
  if (is_active(current->body)) {
    co_return std::string{
        "A different fault is injected into the weather service. Remove it first: DELETE /api/faults"};
  }
  std::string body;
  json::writer out{body};
  out.open_object().field("latency_ms", settings.latency_ms).field("error_percent", settings.error_percent);
  out.field("seconds", seconds).close_object();
  auto update_task = send(http::method::put, std::move(body));
  const auto changed = co_await std::move(update_task);
  co_return fault_api_error(changed);
}

task<bool> fault_client::remove() {
  auto remove_task = send(http::method::delete_, {});
  const auto removed = co_await std::move(remove_task);
  co_return fault_api_error(removed).empty();
}

}  // namespace cohort::dashboard

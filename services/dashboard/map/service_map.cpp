// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/map/service_map.hpp"

#include <cohort/http/client/fetch.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "services/dashboard/route_url.hpp"

namespace cohort::dashboard {
namespace {

/// Maximum size of a response of the weather service.
constexpr std::size_t max_providers_size = 4096;

void write_totals(json::writer& out, const http::upstream_totals& totals) {
  out.open_object().field("calls", totals.calls).field("failures", totals.failures);
  out.field("in_flight", totals.in_flight).key("breakers").open_object();
  out.field("closed", totals.closed_breakers).field("open", totals.open_breakers);
  out.field("half_open", totals.half_open_breakers).close_object();
  out.field("addresses", totals.addresses).field("ejected", totals.ejected_addresses).close_object();
}

}  // namespace

service_map::service_map(const service::service_context& context, const aggregator_settings& settings)
    : client_(context.client),
      api_key_(context.api_key),
      providers_url_(route_url(settings.weather, "/api/weather/providers")) {
  services_.emplace_back("time_service", http::upstream_traffic{context.metrics, "time"});
  services_.emplace_back("sysinfo_service", http::upstream_traffic{context.metrics, "sysinfo"});
  services_.emplace_back("weather_service", http::upstream_traffic{context.metrics, "weather"});
}

task<> service_map::fetch_providers() {
  http::client_request request;
  request.url = providers_url_;
  if (const auto& key = api_key_.get(); !key.empty()) request.fields.emplace_back("X-API-Key", key);
  const auto call_deadline = deadline::after(loop::current().now(), providers_timeout);
  auto call_task = http::fetch(client_, std::move(request), call_deadline);
  auto response = co_await std::move(call_task);
  providers_ = "null";
  if (!response || response->status != http::status::ok || response->body.size() > max_providers_size) co_return;
  simdjson::dom::element root;
  if (json::parse_document(response->body, root) && root.is_object()) providers_ = std::move(response->body);
}

task<std::string> service_map::next_json() {
  if (maps_until_fetch_ == 0) {
    maps_until_fetch_ = maps_per_fetch;
    auto fetch_task = fetch_providers();
    co_await std::move(fetch_task);
  }
  --maps_until_fetch_;
  std::string text;
  json::writer out{text};
  const auto now = loop::current().now().time_since_epoch();
  out.open_object().field("at_ms", std::chrono::floor<std::chrono::milliseconds>(now).count());
  out.key("services").open_object();
  for (const auto& [name, traffic] : services_) {
    out.key(name);
    write_totals(out, traffic.read());
  }
  out.close_object().key("weather").raw(providers_).close_object();
  co_return text;
}

}  // namespace cohort::dashboard

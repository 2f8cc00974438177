// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/probes.hpp>

#include <array>

#include <cohort/http/message/content_negotiation.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

/// The first one is the default.
constexpr std::array<std::string_view, 2> metrics_media_types{
    "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"};

http::response metrics_response(const telemetry::registry& metrics, const http::request_head& request) {
  const auto format = http::negotiate_media_type(request, metrics_media_types);
  http::response response;
  response.body(format == 0 ? metrics.prometheus_text() : metrics.open_metrics_text(), metrics_media_types[format]);
  response.set("Vary", "Accept");
  return response;
}

}  // namespace

void add_probe_routes(http::router& routes, const telemetry::registry& metrics, const std::atomic<bool>& draining) {
  const auto healthy = [](http::request_context&) { return http::json_response(R"({"status":"healthy"})"); };
  routes.get("/health", healthy).is_probe = true;
  routes.get("/livez", healthy).is_probe = true;
  routes
      .get("/readyz",
           [&draining](http::request_context&) {
             return draining.load(std::memory_order_relaxed)
                        ? http::json_response(R"({"status":"draining"})", http::status::service_unavailable)
                        : http::json_response(R"({"status":"ready"})");
           })
      .is_probe = true;
  routes
      .get("/metrics", [&metrics](http::request_context& context) { return metrics_response(metrics, context.head()); })
      .is_probe = true;
}

}  // namespace cohort::service

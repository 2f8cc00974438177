// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/probes.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <cohort/http/message/body/content_negotiation.hpp>
#include <cohort/http/middleware/compression.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

constexpr std::array<std::string_view, 4> probe_paths{"/health", "/livez", "/readyz", "/metrics"};

/// The media types of `/metrics`; the first is the default.
constexpr std::array<std::string_view, 2> metrics_media_types{
    "text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"};

http::response metrics_response(const telemetry::registry& metrics, const http::compressor& compressor,
                                const http::request_head& request) {
  const auto format = http::negotiate_media_type(request, metrics_media_types);
  http::response response;
  response.body(format == 0 ? metrics.prometheus_text() : metrics.open_metrics_text(), metrics_media_types[format]);
  response.set("Vary", "Accept, Accept-Encoding");
  compressor.apply(request, response);
  return response;
}

http::body_description state_body(const std::string& state) {
  return {.media_type = "application/json",
          .schema = R"({"type":"object","properties":{"status":{"type":"string","enum":[")" + state +
                    R"("]}},"required":["status"],"additionalProperties":false})"};
}

/// Throws `std::logic_error` if the service has its own route at one of these paths, because the health check would be
/// wrong or the route would be unprotected.
void check_for_overrides(const http::router& routes) {
  for (const auto& route : routes.routes()) {
    if (std::find(probe_paths.begin(), probe_paths.end(), route->pattern) == probe_paths.end()) continue;
    throw std::logic_error{"the route " + route->pattern + " (" + route->operations().front()->location() +
                           ") conflicts with the health and metrics routes of every service"};
  }
}

}  // namespace

void add_probe_routes(http::router& routes, const telemetry::registry& metrics, const std::atomic<bool>& is_draining,
                      const std::atomic<bool>* is_starting) {
  check_for_overrides(routes);
  const auto healthy_response = [](http::request_context&) { return http::json_response(R"({"status":"healthy"})"); };
  const std::vector<std::string> tags{"service"};
  routes.get("/health", healthy_response)
      .probe()
      .summary("The health of the service")
      .tags(tags)
      .hidden()
      .returns(http::status::ok, "The service is healthy", state_body("healthy"));
  routes.get("/livez", healthy_response)
      .probe()
      .summary("Whether the program responds")
      .tags(tags)
      .hidden()
      .returns(http::status::ok, "The program responds", state_body("healthy"));
  routes
      .get("/readyz",
           [&is_draining, is_starting](http::request_context&) {
             if (is_starting && is_starting->load(std::memory_order_relaxed)) {
               return http::json_response(R"({"status":"starting"})", http::status::service_unavailable);
             }
             return is_draining.load(std::memory_order_relaxed)
                        ? http::json_response(R"({"status":"draining"})", http::status::service_unavailable)
                        : http::json_response(R"({"status":"ready"})");
           })
      .probe()
      .summary("Whether load balancers should send requests")
      .tags(tags)
      .hidden()
      .returns(http::status::ok, "Load balancers should send requests", state_body("ready"))
      .returns(http::status::service_unavailable, "The service is starting", state_body("starting"))
      .returns(http::status::service_unavailable, "The service is stopping", state_body("draining"));
  routes
      .get("/metrics",
           [&metrics, compressor = http::compressor{}](http::request_context& context) {
             return metrics_response(metrics, compressor, context.head());
           })
      .probe()
      .summary("Metrics for Prometheus")
      .tags(tags)
      .hidden()
      .returns(http::status::ok, "The metrics", {.media_type = "text/plain"})
      .returns(http::status::ok, "The metrics", {.media_type = "application/openmetrics-text"});
}

}  // namespace cohort::service

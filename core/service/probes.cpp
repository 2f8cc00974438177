#include "core/service/probes.hpp"

#include <array>

#include "core/http/media_type.hpp"

namespace cohort::service {
namespace {

/// Who has no preference gets what Prometheus' clients have always given.
constexpr std::array<std::string_view, 2> metric_types{"text/plain; version=0.0.4; charset=utf-8",
                                                       "application/openmetrics-text; version=1.0.0; charset=utf-8"};

http::response metrics_page(const telemetry::registry& metrics, const http::request_head& asked) {
  const auto preferred = http::preferred_media_type(asked, metric_types);
  http::response page;
  page.body(preferred == 0 ? metrics.text() : metrics.open_metrics(), metric_types[preferred]);
  page.set("Vary", "Accept");
  return page;
}

}  // namespace

void add_probes(http::router& to, const telemetry::registry& metrics, const std::atomic<bool>& draining) {
  const auto healthy = [](http::request_context&) { return http::json_response(R"({"status":"healthy"})"); };
  to.get("/health", healthy).is_probe = true;
  to.get("/livez", healthy).is_probe = true;
  to.get("/readyz", [&draining](http::request_context&) {
      return draining.load(std::memory_order_relaxed)
                 ? http::json_response(R"({"status":"draining"})", http::status::service_unavailable)
                 : http::json_response(R"({"status":"ready"})");
    }).is_probe = true;
  to.get("/metrics", [&metrics](http::request_context& context) {
      return metrics_page(metrics, context.head());
    }).is_probe = true;
}

}  // namespace cohort::service

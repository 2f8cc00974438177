#include "core/service/probes.hpp"

namespace cohort::service {

void add_probes(http::router& to, const telemetry::registry& metrics, const std::atomic<bool>& draining) {
  const auto healthy = [](http::request_context&) { return http::json_response(R"({"status":"healthy"})"); };
  to.get("/health", healthy).is_probe = true;
  to.get("/livez", healthy).is_probe = true;
  to.get("/readyz", [&draining](http::request_context&) {
      return draining.load(std::memory_order_relaxed)
                 ? http::json_response(R"({"status":"draining"})", http::status::service_unavailable)
                 : http::json_response(R"({"status":"ready"})");
    }).is_probe = true;
  to.get("/metrics", [&metrics](http::request_context&) {
      http::response page;
      page.body(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
      return page;
    }).is_probe = true;
}

}  // namespace cohort::service

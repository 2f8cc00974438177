// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <cohort/service/service.hpp>
#include <cohort/sim/fleet.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>
#include <cohort/testing/client.hpp>

using namespace cohort;

struct order_metrics {
  explicit order_metrics(telemetry::registry& metrics)
      : accepted(metrics.make_counter("orders_received_total", "Orders, by result.", {{"result", "accepted"}})),
        rejected(metrics.make_counter("orders_received_total", "Orders, by result.", {{"result", "rejected"}})),
        open(metrics.make_gauge("orders_open", "Orders that are not delivered yet.")),
        size(metrics.make_histogram("orders_size_bytes", "Size of an order in bytes.", {}, {100, 1000, 10'000})) {}

  telemetry::counter& accepted;
  telemetry::counter& rejected;
  telemetry::gauge& open;
  telemetry::histogram& size;
};

static http::response take_order(http::request_context& request, order_metrics& metrics, const telemetry::logger& log) {
  const auto size = request.body().size();
  if (size == 0) {
    metrics.rejected.increment();
    const auto trace = request.trace_id().hex();
    log.write(telemetry::log_level::warn, "order rejected",
              {{"id", request.id()},
               {"trace_id", std::string_view{trace.data(), trace.size()}},
               {"bytes", static_cast<std::int64_t>(size)}});
    return http::error_response(http::status::bad_request, "The order is empty");
  }
  metrics.accepted.increment();
  metrics.open.add(1);  // call add(-1) when the order is delivered
  metrics.size.observe(static_cast<double>(size));
  return http::response{http::status::accepted};
}

static service::definition order_service() {
  service::definition definition;
  definition.name = definition.metric_prefix = "orders";
  definition.port = 8080;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    const auto metrics = std::make_shared<order_metrics>(context.metrics);
    http::router routes;
    routes.post("/api/orders", [metrics, log = context.log](http::request_context& request) {
      return take_order(request, *metrics, log);
    });
    return routes;
  };
  return definition;
}

TEST_CASE("orders: a service's own metrics are exported", "[telemetry][example]") {
  sim::fleet fleet{1};
  auto& node = fleet.add_service(order_service, "orders");
  testing::client client{fleet, node.url()};
  CHECK(client.post("/api/orders", "tea", "text/plain")->status == http::status::accepted);
  CHECK(client.post("/api/orders", "", "text/plain")->status == http::status::bad_request);
  const auto metrics = client.get("/metrics");
  CHECK(metrics->body.find("orders_received_total{result=\"rejected\"} 1") != std::string::npos);
  CHECK(metrics->body.find("orders_open 1") != std::string::npos);
  CHECK(metrics->body.find("orders_size_bytes_count 1") != std::string::npos);
}

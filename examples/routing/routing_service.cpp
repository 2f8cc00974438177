// SPDX-License-Identifier: BSL-1.0

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

static http::response text(std::string body) { return http::response{}.body(std::move(body), "text/plain"); }

static task<http::response> send_report(http::request_context&) {
  co_await sleep_for(std::chrono::milliseconds{10});
  co_return text("report");
}

static http::router items() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return text("all items"); });
  routes.get("/{id:int}",
             [](http::request_context& context) { return text("item " + std::string{context.parameter("id")}); });
  routes.get("/{id:int}/files/{path...}",
             [](http::request_context& context) { return text("file " + std::string{context.parameter("path")}); });
  return routes;
}

static http::router routes() {
  http::router router;
  auto api = router.group("/api");
  api.mount("/items", items());
  auto reports = api.group("/reports");
  reports.get("/daily", send_report).timeout(std::chrono::minutes{5}).summary("The daily report").tags({"reports"});
  reports.del("/{id:uuid}", [](http::request_context&) { return http::response{http::status::no_content}; });
  router.any("/echo", [](http::request_context& context) { return text(std::string{context.head().method_text}); });
  return router;
}

int main(int argc, char** argv) {
  service::definition definition;
  definition.name = "routing-service";
  definition.metric_prefix = "routing_service";
  definition.description = "Demonstrates route patterns";
  definition.port = 5011;
  definition.app = [](service::service_context&, service::api_key_authenticator&) { return routes(); };
  return service::run(argc, argv, std::move(definition));
}

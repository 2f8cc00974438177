// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/api_description.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cohort/http/server/openapi/api_document.hpp>
#include <cohort/service/instance.hpp>
#include <cohort/sim/fleet.hpp>
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::router make_single_route() {
  http::router routes;
  routes.get("/api/x", [](http::request_context&) { return http::response{http::status::no_content}; });
  return routes;
}

TEST_CASE("API description: the document and the page need no API key", "[service][openapi]") {
  service_fixture fixture{"key"};
  fixture.serve(make_single_route());
  const auto response = fixture.response_to(get("/openapi.json"));
  CHECK(response.status == 200);
  CHECK(response.header("Content-Type") == "application/json");
  CHECK(openapi_document{response.body}.problems().empty());
  CHECK(json_at(response.body, "/info/title") == "\"service\"");
  CHECK(!openapi_document{response.body}.statuses("get", "/api/x").empty());
  const auto page = fixture.response_to(get("/docs"));
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.find("GET /api/x") != std::string::npos);
  CHECK(page.header("Content-Security-Policy") == http::openapi_page_policy());
}

TEST_CASE("API description: the document contains the routes of the service, except hidden and framework routes",
          "[service][openapi][sim]") {
  sim::fleet fleet{1};
  fleet.add_service(
      [] {
        service::definition definition;
        definition.name = "sample";
        definition.metric_prefix = "sample";
        definition.port = 80;
        definition.app = [](service::service_context&, service::api_key_authenticator&) {
          auto routes = make_single_route();
          routes.get("/internal", [](http::request_context&) { return http::response{}; }).hidden();
          routes.post("/internal", [](http::request_context&) { return http::response{}; });
          return routes;
        };
        return definition;
      },
      "sample");
  const auto document = fleet.call("http://sample/openapi.json")->body;
  CHECK(openapi_document{document}.problems().empty());
  CHECK(json_at(document, "/paths/~1internal/post/tags") == R"(["sample"])");
  CHECK_FALSE(json_at(document, "/paths/~1internal/get"));
  const auto page = fleet.call("http://sample/docs")->body;
  for (const auto* path : {"/health", "/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/debug",
                           "/debug/requests", "/debug/config", "/debug/log-level"}) {
    CAPTURE(path);
    CHECK(document.find('"' + std::string{path} + '"') == std::string::npos);
    CHECK(page.find(" " + std::string{path} + "<") == std::string::npos);
  }
  CHECK(page.find("GET /api/x") != std::string::npos);
  CHECK(page.find("POST /internal") != std::string::npos);
}

TEST_CASE("API description: the credentials are described while a key is configured", "[service][openapi]") {
  service_fixture fixture{"key"};
  fixture.serve(make_single_route());
  const auto get_document = [&] { return fixture.response_to(get("/openapi.json")).body; };
  CHECK(json_at(get_document(), "/paths/~1api~1x/get/security") == R"([{"api_key":[]},{"bearer":[]},{"session":[]}])");
  CHECK(json_at(get_document(), "/components/securitySchemes/session/name") == "\"session\"");
  fixture.api_key.replace(config::api_key_list{});
  CHECK(json_at(get_document(), "/paths/~1api~1x/get/security") == "[]");
  CHECK(!json_at(get_document(), "/components/securitySchemes"));
}

TEST_CASE("API description: an operation with require_api_key has the credentials and the response 401",
          "[service][openapi]") {
  service_fixture fixture{"key"};
  http::router routes;
  routes.get("/orders", [](http::request_context&) { return http::response{http::status::no_content}; });
  routes.post("/orders", [](http::request_context&) { return http::response{http::status::no_content}; })
      .use(service::require_api_key(fixture.authenticator));
  fixture.serve(std::move(routes));
  const auto document = fixture.response_to(get("/openapi.json")).body;
  CHECK(openapi_document{document}.problems().empty());
  CHECK(json_at(document, "/paths/~1orders/post/security") == R"([{"api_key":[]},{"bearer":[]},{"session":[]}])");
  CHECK(json_at(document, "/paths/~1orders/post/responses/401/description"));
  CHECK(json_at(document, "/paths/~1orders/get/security") == "[]");
  CHECK_FALSE(json_at(document, "/paths/~1orders/get/responses/401"));
}

TEST_CASE("API description: a service definition can disable the description", "[service][openapi][sim]") {
  const bool is_described = GENERATE(false, true);
  sim::fleet fleet{1};
  const auto& instance = fleet.add_service(
      [is_described] {
        service::definition definition;
        definition.name = "sample";
        definition.metric_prefix = "sample";
        definition.port = 80;
        definition.describes_api = is_described;
        definition.app = [](service::service_context&, service::api_key_authenticator&) { return make_single_route(); };
        return definition;
      },
      "sample");
  const auto metrics = instance.metrics().prometheus_text();
  CHECK((metrics.find("endpoint=\"/openapi.json\"") != std::string::npos) == is_described);
  CHECK((metrics.find("endpoint=\"/docs\"") != std::string::npos) == is_described);
}

}  // namespace
}  // namespace cohort

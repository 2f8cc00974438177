// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/http/middleware/request_id.hpp>
#include <cohort/http/middleware/security_headers.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("request ID: every response, including an error, has the ID of the request", "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::request_id());
  server.routes.get("/", [](request_context& context) { return text_response(std::string{context.id()}); });
  CHECK(server.response_to(get("/none", "X-Request-Id: abc-1\r\n")).header("X-Request-Id") == "abc-1");
  const auto response_with_generated_id = server.response_to(get("/", "X-Request-Id: not valid\r\n"));
  CHECK(response_with_generated_id.header("X-Request-Id") == response_with_generated_id.body);
  CHECK(response_with_generated_id.body.size() == 16);
}

TEST_CASE("security headers: the fields are set unless the response has them", "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::security_headers("default-src 'self'"));
  server.routes.get("/", [](request_context&) { return text_response("x").set("X-Frame-Options", "SAMEORIGIN"); });
  const auto received = server.response_to(get("/"));
  CHECK(received.header("X-Content-Type-Options") == "nosniff");
  CHECK(received.header("Content-Security-Policy") == "default-src 'self'");
  CHECK(received.header("X-Frame-Options") == "SAMEORIGIN");
  CHECK(received.header("Referrer-Policy").has_value());
  CHECK(received.header("Permissions-Policy").has_value());
  CHECK(server.response_to(get("/none")).header("X-Frame-Options") == "DENY");
}

}  // namespace
}  // namespace cohort

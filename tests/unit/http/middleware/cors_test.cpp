// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/cors.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

const std::string origin_line = "Origin: https://shop.example\r\n";

std::string preflight(std::string_view path, std::string_view origin) {
  return "OPTIONS " + std::string{path} + " HTTP/1.1\r\nHost: test\r\nOrigin: " + std::string{origin} +
         "\r\nAccess-Control-Request-Method: PUT\r\n\r\n";
}

http::cors_settings shop_settings() {
  http::cors_settings settings;
  settings.origins = {"https://shop.example", "http://localhost:8080"};
  settings.allow_credentials = true;
  settings.exposed_headers = {"X-Request-Id"};
  return settings;
}

/// Does not respond after its cancellation.
task<http::response> wait_twice() {
  co_await sleep_for(1h);
  co_await sleep_for(1h);
  co_return text_response("never");
}

TEST_CASE("CORS: the framework's own responses 401, 404, 405, 500 and 504 have CORS fields",
          "[http][middleware][case-6.7]") {
  server_fixture server;
  server.routes.use(http::cors(shop_settings()));
  server.routes.use([](request_context& context) -> std::optional<http::response> {
    if (context.head().find("x-api-key")) return std::nullopt;
    return http::error_response(http::status::unauthorized, "API key required");
  });
  server.routes.get("/", text_handler("hello"));
  server.routes.get("/broken", [](request_context&) -> http::response { throw std::runtime_error("secret"); });
  server.routes.get("/slow", [](request_context&) { return wait_twice(); }).timeout(1s);
  const auto key_lines = origin_line + "X-API-Key: k\r\n";
  const auto check = [&](const std::string& request, int status) {
    const auto preflight_response = server.response_to(request);
    CAPTURE(request);
    CHECK(preflight_response.status == status);
    CHECK(preflight_response.header("Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(preflight_response.header("Access-Control-Allow-Credentials") == "true");
    CHECK(preflight_response.header("Access-Control-Expose-Headers") == "X-Request-Id");
    CHECK(preflight_response.header("Vary") == "Origin");
  };
  check(get("/", origin_line), 401);
  check(get("/", key_lines), 200);
  check(get("/none", key_lines), 404);
  check(post("/", "", key_lines), 405);
  check(get("/broken", key_lines), 500);
  check(get("/slow", key_lines), 504);
}

TEST_CASE("CORS: the response to a preflight request is sent before authentication and without a handler",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::cors(shop_settings()));
  server.routes.use([](request_context&) -> std::optional<http::response> {
    return http::error_response(http::status::unauthorized, "API key required");
  });
  const auto allowed_response = server.response_to(preflight("/api/things", "http://localhost:8080"));
  CHECK(allowed_response.status == 204);
  CHECK(allowed_response.header("Access-Control-Allow-Origin") == "http://localhost:8080");
  CHECK(allowed_response.header("Access-Control-Allow-Methods") == "GET, HEAD, POST, PUT, PATCH, DELETE");
  CHECK(allowed_response.header("Access-Control-Allow-Headers") == "Authorization, Content-Type, X-API-Key");
  CHECK(allowed_response.header("Access-Control-Max-Age") == "600");
  CHECK(allowed_response.header("Vary") == "Origin");
  for (const auto* origin : {"https://shop.example.evil", "http://shop.example", "null", "https://shop.example:443"}) {
    const auto rejected_response = server.response_to(preflight("/api/things", origin));
    CAPTURE(origin);
    CHECK(rejected_response.status == 403);
    CHECK_FALSE(rejected_response.header("Access-Control-Allow-Origin"));
  }
  // Without Access-Control-Request-Method an OPTIONS request is an ordinary request.
  CHECK(server.response_to("OPTIONS / HTTP/1.1\r\nHost: test\r\n" + origin_line + "\r\n").status == 401);
}

TEST_CASE("CORS: the response to a disallowed origin, or to a request without Origin, has Vary but no CORS fields",
          "[http][middleware]") {
  server_fixture server;
  server.routes.use(http::cors(shop_settings()));
  server.routes.get("/", text_handler("hello"));
  for (const auto* line : {"Origin: https://evil.example\r\n", ""}) {
    const auto received = server.response_to(get("/", line));
    CHECK(received.status == 200);
    CHECK_FALSE(received.header("Access-Control-Allow-Origin"));
    CHECK(received.header("Vary") == "Origin");
  }
}

TEST_CASE("CORS: the allowed methods are sent by name, and an unknown method is rejected", "[http][middleware]") {
  server_fixture server;
  auto settings = shop_settings();
  settings.methods = {http::method::get, http::method::report};
  server.routes.use(http::cors(settings));
  const auto allowed_response = server.response_to(preflight("/", "http://localhost:8080"));
  CHECK(allowed_response.header("Access-Control-Allow-Methods") == "GET, REPORT");
  settings.methods = {http::method::unknown};
  CHECK_THROWS_AS(http::cors(settings), std::invalid_argument);
}

TEST_CASE("CORS: any origin can be allowed only without credentials", "[http][middleware]") {
  server_fixture server;
  http::cors_settings settings;
  settings.origins = {"*"};
  server.routes.use(http::cors(settings));
  server.routes.get("/", text_handler("hello"));
  const auto received = server.response_to(get("/", origin_line));
  CHECK(received.header("Access-Control-Allow-Origin") == "*");
  CHECK_FALSE(received.header("Vary"));
  settings.allow_credentials = true;
  CHECK_THROWS_AS(http::cors(settings), std::invalid_argument);
}

TEST_CASE("CORS: an invalid origin or name is rejected", "[http][middleware]") {
  for (const auto* origin : {"shop.example", "https://shop.example/", "https://shop.example/x",
                             "https://u@shop.example", "https://", "*.example", "null", ""}) {
    CAPTURE(origin);
    http::cors_settings settings;
    settings.origins = {origin};
    CHECK_THROWS_AS(http::cors(settings), std::invalid_argument);
  }
  http::cors_settings settings;
  settings.exposed_headers = {"X-A\r\nX-B"};
  CHECK_THROWS_AS(http::cors(settings), std::invalid_argument);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/authentication/api_key_authenticator.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cohort/service/authentication/authenticated_caller.hpp>
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::router sample_routes() {
  http::router routes;
  routes.get("/", [](request_context&) { return text_response("page"); });
  routes.get("/api/things", [](request_context&) { return text_response("things"); });
  routes.get("/api/things/{id}", [](request_context&) { return text_response("thing"); });
  return routes;
}

TEST_CASE("constant_time_equal: two secrets are equal only if all their bytes are equal", "[service][authentication]") {
  const auto [candidate, expected, is_equal] = GENERATE(table<std::string, std::string, bool>({
      {"secret", "secret", true},
      {"", "", true},
      {"secret", "Secret", false},
      {"secre", "secret", false},
      {"secrets", "secret", false},
      {"", "secret", false},
      {std::string("secret\0", 7), "secret", false},
      {std::string("a\0b", 3), std::string("a\0c", 3), false},
  }));
  CHECK(service::constant_time_equal(candidate, expected) == is_equal);
}

/// Returns routes outside `/api/`, some of which require a key.
http::router shop_routes(const service::api_key_authenticator& keys) {
  http::router routes;
  routes.get("/orders", [](request_context&) { return text_response("orders"); });
  routes
      .post("/orders",
            [](request_context& context) {
              const auto* caller = context.get<service::authenticated_caller>();
              return text_response(caller ? std::string{caller->name} : "anonymous");
            })
      .use(service::require_api_key(keys));
  auto admin = routes.group("/admin");
  admin.get("/users", [](request_context&) { return text_response("users"); });
  admin.use(service::require_api_key(keys));
  routes.get("/api/both", [](request_context&) { return text_response("both"); }).use(service::require_api_key(keys));
  return routes;
}

TEST_CASE("authentication: require_api_key protects operations and groups outside /api/", "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(shop_routes(fixture.authenticator));
  const std::string key = "X-API-Key: secret\r\n";
  CHECK(fixture.response_to(get("/orders")).status == 200);
  CHECK(fixture.response_to(post("/orders", "")).status == 401);
  CHECK(fixture.response_to(post("/orders", "", "X-API-Key: wrong\r\n")).status == 401);
  const auto accepted_response = fixture.response_to(post("/orders", "", key));
  CHECK(accepted_response.status == 200);
  CHECK(accepted_response.body == "key-1");
  CHECK(fixture.response_to(get("/admin/users")).status == 401);
  CHECK(fixture.response_to(get("/admin/unknown")).status == 401);
  CHECK(fixture.response_to(get("/admin/users", key)).status == 200);
  CHECK(fixture.metric_value(R"(service_auth_failures_total{endpoint="/orders",reason="missing"})") == 1);
  CHECK(fixture.metric_value(R"(service_auth_failures_total{endpoint="/admin/users",reason="invalid"})") == 0);
}

TEST_CASE("authentication: a request that two filters authenticate is counted once", "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(shop_routes(fixture.authenticator));
  CHECK(fixture.response_to(get("/api/both", "X-API-Key: secret\r\n")).status == 200);
  CHECK(fixture.metric_value(R"(service_api_key_requests_total{key="key-1"})") == 1);
  CHECK(fixture.response_to(get("/api/both")).status == 401);
  CHECK(fixture.metric_value(R"(service_auth_failures_total{endpoint="/api/both",reason="missing"})") == 1);
}

TEST_CASE("authentication: without a configured key, require_api_key accepts all requests",
          "[service][authentication]") {
  service_fixture fixture;
  fixture.serve(shop_routes(fixture.authenticator));
  CHECK(fixture.response_to(post("/orders", "")).body == "anonymous");
}

TEST_CASE("authentication: without a configured key, all requests are accepted", "[service][authentication]") {
  service_fixture fixture;
  fixture.serve(sample_routes());
  CHECK(fixture.response_to(get("/api/things")).status == 200);
  CHECK(fixture.response_to(get("/api/things", "X-API-Key: whatever\r\n")).status == 200);
}

TEST_CASE("authentication: every path below /api/ requires the key, including percent-encoded paths",
          "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes());
  const auto [path, status] = GENERATE(table<std::string, int>({
      {"/api/things", 401},
      {"/api/things/7", 401},
      {"/api/things?x=y", 401},
      {"/%61pi/things", 401},
      {"/api%2Fthings", 404},  // %2F is no separator, so the path is not below /api/
      {"/%61%70%69/things/7", 401},
      {"http://other/api/things", 401},
      {"/api/unknown", 401},
      {"/", 200},
      {"/health", 200},
      {"/livez", 200},
      {"/readyz", 200},
      {"/metrics", 200},
      {"/unknown", 404},
      {"/apis", 404},
  }));
  CAPTURE(path);
  CHECK(fixture.response_to(get(path)).status == status);
  if (status == 401) {
    CHECK(fixture.response_to(get(path, "X-API-Key: secret\r\n")).status == (path == "/api/unknown" ? 404 : 200));
    CHECK(fixture.response_to(get(path, "x-api-key: Secret\r\n")).status == 401);
  }
}

TEST_CASE("authentication: a 401 response states the reason, and the counter of each reason starts at zero",
          "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes());
  const auto failures = [&](const std::string& reason) {
    return fixture.metric_value("service_auth_failures_total{endpoint=\"/api/things\",reason=\"" + reason + "\"}");
  };
  CHECK(failures("missing") == 0);
  CHECK(failures("invalid") == 0);
  CHECK_FALSE(fixture.metric_value("service_auth_failures_total{endpoint=\"/\",reason=\"missing\"}").has_value());

  const auto missing_response = fixture.response_to(get("/api/things"));
  CHECK(missing_response.body == R"({"error":"Unauthorized","message":"API key required"})");
  CHECK(missing_response.header("WWW-Authenticate").has_value());
  CHECK(missing_response.header("Content-Type") == "application/json");
  CHECK(failures("missing") == 1);

  for (const auto* key : {"wrong", "", "secret secret"}) {
    const auto invalid_response = fixture.response_to(get("/api/things", std::string{"X-API-Key: "} + key + "\r\n"));
    CHECK(invalid_response.status == 401);
    CHECK(invalid_response.body == R"({"error":"Unauthorized","message":"Invalid API key"})");
  }
  CHECK(failures("invalid") == 3);
  CHECK(failures("missing") == 1);
}

TEST_CASE("authentication: the alternative credential applies only to requests without a key",
          "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.authenticator.set_alternative(
      [](const http::request_context& context) { return context.head().find("x-session") == "yes"; });
  fixture.serve(sample_routes());
  CHECK(fixture.response_to(get("/api/things", "X-Session: yes\r\n")).status == 200);
  CHECK(fixture.response_to(get("/api/things", "X-Session: no\r\n")).status == 401);
  CHECK(fixture.response_to(get("/api/things", "X-Session: yes\r\nX-API-Key: wrong\r\n")).status == 401);
}

TEST_CASE("authentication: a bearer token is accepted as an API key; X-API-Key takes precedence",
          "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.authenticator.set_alternative(
      [](const http::request_context& context) { return context.head().find("x-session") == "yes"; });
  fixture.serve(sample_routes());
  const auto [header_lines, error] = GENERATE(table<std::string, std::string>({
      {"Authorization: Bearer secret\r\n", ""},
      {"authorization: bEARER   secret\r\n", ""},
      {"Authorization: Bearer wrong\r\nX-API-Key: secret\r\n", ""},
      {"Authorization: Basic secret\r\nX-Session: yes\r\n", ""},
      {"Authorization: Bearer secret\r\nX-API-Key: wrong\r\n", "Invalid API key"},
      {"Authorization: Bearer Secret\r\n", "Invalid API key"},
      {"Authorization: Bearer secret secret\r\n", "Invalid API key"},
      {"Authorization: Bearer wrong\r\nX-Session: yes\r\n", "Invalid API key"},
      {"Authorization: Bearer\r\n", "Invalid API key"},
      {"Authorization: Bearersecret\r\n", "API key required"},
      {"Authorization: Basic secret\r\n", "API key required"},
      {"Authorization: secret\r\n", "API key required"},
      {"Authorization:\r\n", "API key required"},
      {"Authorization: Bearer secret\r\nAuthorization: Bearer other\r\n", "API key required"},
      {"Authorization: Basic secret\r\nauthorization: Bearer secret\r\n", "API key required"},
      {"X-API-Key: secret\r\nX-API-Key: other\r\n", "API key required"},
      {"X-API-Key: secret\r\nAuthorization: Bearer secret\r\nx-api-key: secret\r\n", "API key required"},
  }));
  CAPTURE(header_lines);
  const auto response = fixture.response_to(get("/api/things", header_lines));
  CHECK(response.status == (error.empty() ? 200 : 401));
  if (error.empty()) return;
  CHECK(json_at(response.body, "/message") == "\"" + error + "\"");
  const std::string reason = error == "Invalid API key" ? "invalid" : "missing";
  CHECK(fixture.metric_value("service_auth_failures_total{endpoint=\"/api/things\",reason=\"" + reason + "\"}") == 1);
}

TEST_CASE("authentication: after a key is replaced, the new key applies to the next request",
          "[service][authentication][case-5.4]") {
  service_fixture fixture{"old"};
  fixture.serve(sample_routes());
  auto connection = fixture.connect();
  const auto status_for_key = [&](const char* key) {
    connection.send(get("/api/things", std::string{"X-API-Key: "} + key + "\r\n"));
    return connection.receive()->status;
  };
  CHECK(status_for_key("old") == 200);
  fixture.api_key.replace("new");
  CHECK(status_for_key("old") == 401);
  CHECK(status_for_key("new") == 200);
}

std::string key_field(const std::string& key) { return "X-API-Key: " + key + "\r\n"; }

TEST_CASE("authentication: after 10 invalid keys in a minute, a client receives 429 until the minute has passed",
          "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes());
  const auto response_for = [&](const std::string& key) {
    return fixture.response_to(get("/api/things", key_field(key)));
  };
  for (int i = 0; i < 10; ++i) {
    CHECK(response_for("wrong-" + std::to_string(i)).status == 401);
    fixture.time.run_for(2s);
  }
  const auto throttled_response = response_for("wrong");
  CHECK(throttled_response.status == 429);
  CHECK(throttled_response.header("Retry-After") == "40");
  CHECK(throttled_response.body ==
        R"({"error":"Too Many Requests","message":"Too many invalid API keys, try again later"})");
  CHECK(fixture.metric_value("cohort_server_auth_throttled_total") == 1);
  CHECK(fixture.metric_value("service_auth_failures_total{endpoint=\"/api/things\",reason=\"invalid\"}") == 11);

  // Neither valid nor missing keys are throttled, and the throttled requests do not extend the minute.
  CHECK(response_for("secret").status == 200);
  CHECK(fixture.response_to(get("/api/things")).status == 401);
  fixture.time.run_for(39s);
  CHECK(response_for("wrong").status == 429);
  fixture.time.run_for(1500ms);
  CHECK(response_for("wrong").status == 401);
}

TEST_CASE("authentication: valid and missing keys do not count as failures", "[service][authentication]") {
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes());
  for (int i = 0; i < 30; ++i) {
    CHECK(fixture.response_to(get("/api/things", key_field("secret"))).status == 200);
    CHECK(fixture.response_to(get("/api/things")).status == 401);
  }
  CHECK(fixture.metric_value("cohort_server_auth_throttled_total") == 0);
}

TEST_CASE("authentication: each of several keys is valid and counted by its name", "[service][authentication]") {
  service_fixture fixture{"first"};
  fixture.api_key.replace(config::api_key_list{{"alice", "first"}, {"bob", "second"}});
  fixture.serve(sample_routes());
  const auto requests_of = [&](const std::string& name) {
    return fixture.metric_value("service_api_key_requests_total{key=\"" + name + "\"}");
  };
  CHECK(requests_of("bob") == 0);
  CHECK(fixture.response_to(get("/api/things", key_field("first"))).status == 200);
  CHECK(fixture.response_to(get("/api/things", key_field("second"))).status == 200);
  CHECK(fixture.response_to(get("/api/things", key_field("second"))).status == 200);
  CHECK(fixture.response_to(get("/api/things", key_field("bob"))).status == 401);
  CHECK(requests_of("alice") == 1);
  CHECK(requests_of("bob") == 2);
  CHECK(fixture.api_key.outgoing_secret().get() == "first");

  fixture.api_key.replace(config::api_key_list{{"bob", "second"}, {"carol", "third"}});
  CHECK(fixture.response_to(get("/api/things", key_field("first"))).status == 401);
  CHECK(fixture.response_to(get("/api/things", key_field("second"))).status == 200);
  CHECK(fixture.response_to(get("/api/things", key_field("third"))).status == 200);
  CHECK(requests_of("bob") == 3);
  CHECK(fixture.api_key.outgoing_secret().get() == "second");
}

std::string credential_name(const request_context& context) {
  const auto* caller = context.get<service::authenticated_caller>();
  if (!caller) return "none";
  return caller->accepted == service::authenticated_caller::credential::api_key ? "key " + std::string{caller->name}
                                                                                : "alternative";
}

TEST_CASE("API key: the handler can read the credential of its caller", "[service][authentication]") {
  const auto add_route = [](http::router& routes) {
    routes.get("/api/who", [](request_context& context) { return text_response(credential_name(context)); });
  };
  {
    service_fixture fixture{"secret"};
    fixture.authenticator.set_alternative(
        [](const request_context& context) { return context.head().find("cookie").has_value(); });
    http::router routes;
    add_route(routes);
    fixture.serve(std::move(routes));
    CHECK(fixture.response_to(get("/api/who", "X-API-Key: secret\r\n")).body == "key key-1");
    CHECK(fixture.response_to(get("/api/who", "Cookie: session\r\n")).body == "alternative");
    CHECK(fixture.response_to(get("/api/who")).status == 401);
    fixture.api_key.replace(config::api_key_list{{"alice", "first"}, {"bob", "second"}});
    CHECK(fixture.response_to(get("/api/who", "X-API-Key: second\r\n")).body == "key bob");
  }
  service_fixture unauthenticated_service;
  http::router routes;
  add_route(routes);
  unauthenticated_service.serve(std::move(routes));
  CHECK(unauthenticated_service.response_to(get("/api/who", "X-API-Key: any\r\n")).body == "none");
}

}  // namespace
}  // namespace cohort

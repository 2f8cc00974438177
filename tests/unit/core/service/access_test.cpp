#include "core/service/access.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::router things() {
  http::router routes;
  routes.get("/", says("page"));
  routes.get("/api/things", says("things"));
  routes.get("/api/things/{id}", says("thing"));
  return routes;
}

TEST_CASE("Secrets are the same only if every byte is") {
  const auto [given, expected, same] = GENERATE(table<std::string, std::string, bool>({
      {"secret", "secret", true},
      {"", "", true},
      {"secret", "Secret", false},
      {"secre", "secret", false},
      {"secrets", "secret", false},
      {"", "secret", false},
      {std::string("secret\0", 7), "secret", false},
      {std::string("a\0b", 3), std::string("a\0c", 3), false},
  }));
  CHECK(service::same_secret(given, expected) == same);
}

TEST_CASE("Without a key, everybody is let in") {
  service_stage stage;
  stage.serve(things());
  CHECK(stage.answer_to(get("/api/things")).status == 200);
  CHECK(stage.answer_to(get("/api/things", "X-API-Key: whatever\r\n")).status == 200);
}

TEST_CASE("With a key, every path below /api/ wants it, however that is written; nothing else does") {
  service_stage stage{"secret"};
  stage.serve(things());
  const auto [path, status] = GENERATE(table<std::string, int>({
      {"/api/things", 401},
      {"/api/things/7", 401},
      {"/api/things?x=y", 401},
      {"/%61pi/things", 401},
      {"/api%2Fthings", 401},
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
  CHECK(stage.answer_to(get(path)).status == status);
  if (status == 401) {
    CHECK(stage.answer_to(get(path, "X-API-Key: secret\r\n")).status == (path == "/api/unknown" ? 404 : 200));
    CHECK(stage.answer_to(get(path, "x-api-key: Secret\r\n")).status == 401);
  }
}

TEST_CASE("A refusal says what is missing, and is counted by its reason, from zero") {
  service_stage stage{"secret"};
  stage.serve(things());
  const auto failures = [&](const std::string& reason) {
    return stage.series("service_auth_failures_total{endpoint=\"/api/things\",reason=\"" + reason + "\"}");
  };
  CHECK(failures("missing") == 0);
  CHECK(failures("invalid") == 0);
  CHECK_FALSE(stage.series("service_auth_failures_total{endpoint=\"/\",reason=\"missing\"}").has_value());

  const auto missing = stage.answer_to(get("/api/things"));
  CHECK(missing.body == R"({"error":"Unauthorized","message":"API key required"})");
  CHECK(missing.header("WWW-Authenticate").has_value());
  CHECK(missing.header("Content-Type") == "application/json");
  CHECK(failures("missing") == 1);

  for (const auto* wrong : {"wrong", "", "secret secret"}) {
    const auto invalid = stage.answer_to(get("/api/things", std::string{"X-API-Key: "} + wrong + "\r\n"));
    CHECK(invalid.status == 401);
    CHECK(invalid.body == R"({"error":"Unauthorized","message":"Invalid API key"})");
  }
  CHECK(failures("invalid") == 3);
  CHECK(failures("missing") == 1);
}

TEST_CASE("Another proof serves where there is no key, but does not make a wrong one right") {
  service_stage stage{"secret"};
  stage.guard.accept_also([](const http::request_context& context) { return context.head().find("x-proof") == "yes"; });
  stage.serve(things());
  CHECK(stage.answer_to(get("/api/things", "X-Proof: yes\r\n")).status == 200);
  CHECK(stage.answer_to(get("/api/things", "X-Proof: no\r\n")).status == 401);
  CHECK(stage.answer_to(get("/api/things", "X-Proof: yes\r\nX-API-Key: wrong\r\n")).status == 401);
}

TEST_CASE("A key is taken as a bearer token as well; X-API-Key wins where both are there") {
  service_stage stage{"secret"};
  stage.guard.accept_also([](const http::request_context& context) { return context.head().find("x-proof") == "yes"; });
  stage.serve(things());
  const auto [lines, refusal] = GENERATE(table<std::string, std::string>({
      {"Authorization: Bearer secret\r\n", ""},
      {"authorization: bEARER   secret\r\n", ""},
      {"Authorization: Bearer wrong\r\nX-API-Key: secret\r\n", ""},
      {"Authorization: Basic secret\r\nX-Proof: yes\r\n", ""},
      {"Authorization: Bearer secret\r\nX-API-Key: wrong\r\n", "Invalid API key"},
      {"Authorization: Bearer Secret\r\n", "Invalid API key"},
      {"Authorization: Bearer secret secret\r\n", "Invalid API key"},
      {"Authorization: Bearer wrong\r\nX-Proof: yes\r\n", "Invalid API key"},
      {"Authorization: Bearer\r\n", "Invalid API key"},
      {"Authorization: Bearersecret\r\n", "API key required"},
      {"Authorization: Basic secret\r\n", "API key required"},
      {"Authorization: secret\r\n", "API key required"},
      {"Authorization:\r\n", "API key required"},
  }));
  CAPTURE(lines);
  const auto answer = stage.answer_to(get("/api/things", lines));
  CHECK(answer.status == (refusal.empty() ? 200 : 401));
  if (refusal.empty()) return;
  CHECK(json_at(answer.body, "/message") == "\"" + refusal + "\"");
  const std::string reason = refusal == "Invalid API key" ? "invalid" : "missing";
  CHECK(stage.series("service_auth_failures_total{endpoint=\"/api/things\",reason=\"" + reason + "\"}") == 1);
}

TEST_CASE("Above its rate a client is told to wait, and how long; probes are not counted") {
  service_stage stage;
  stage.serve(things(), config::rate{3, 60s});
  for (int i = 0; i < 5; ++i) CHECK(stage.answer_to(get("/health")).status == 200);
  for (int i = 0; i < 3; ++i) CHECK(stage.answer_to(get("/api/things")).status == 200);
  const auto refused = stage.answer_to(get("/api/things"));
  CHECK(refused.status == 429);
  CHECK(refused.header("Retry-After") == "20");
  CHECK(json_at(refused.body, "/error").has_value());
  CHECK(json_at(refused.body, "/message").has_value());
  CHECK(stage.series("cohort_server_rate_limited_total") == 1);
  CHECK(stage.answer_to(get("/health")).status == 200);
  stage.time.run_for(19s);
  CHECK(stage.answer_to(get("/")).header("Retry-After") == "1");
  stage.time.run_for(1s);
  CHECK(stage.answer_to(get("/")).status == 200);
}

TEST_CASE("The rate holds for those without a key too, so that keys cannot be tried out at will") {
  service_stage stage{"secret"};
  stage.serve(things(), config::rate{2, 60s});
  CHECK(stage.answer_to(get("/api/things")).status == 401);
  CHECK(stage.answer_to(get("/api/things", "X-API-Key: guess\r\n")).status == 401);
  CHECK(stage.answer_to(get("/api/things", "X-API-Key: secret\r\n")).status == 429);
}

TEST_CASE("The headers that protect a browser are whole lines, each once, the policy among them") {
  const auto lines = service::security_headers("default-src 'none'");
  for (const auto* line : {"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
                           "Referrer-Policy: strict-origin-when-cross-origin\r\n",
                           "Content-Security-Policy: default-src 'none'\r\n", "Permissions-Policy: "}) {
    CAPTURE(line);
    const auto at = lines.find(line);
    REQUIRE(at != std::string::npos);
    CHECK(lines.find(line, at + 1) == std::string::npos);
  }
  CHECK(lines.ends_with("\r\n"));
  CHECK(lines.find("\r\n\r\n") == std::string::npos);
}

}  // namespace
}  // namespace cohort

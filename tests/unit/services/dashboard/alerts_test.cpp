// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/alert_samples.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* json_type = "Content-Type: application/json\r\n";

std::string post_webhook(const std::string& body, const std::string& other_fields = {}) {
  return post("/api/alerts", body, json_type + other_fields);
}

TEST_CASE("alert routes: GET returns the alerts that Alertmanager has posted", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  const auto update = fixture.response_to(post_webhook(webhook_body({{}, watchdog()})));
  CHECK(update.status == 200);
  CHECK(update.body == R"({"firing":2,"resolved":0,"dropped":0,"forgotten":0,"truncated":0,"shortened":0})");
  fixture.time.run_for(10s);
  const auto alerts = fixture.response_to(get("/api/alerts"));
  CHECK(alerts.status == 200);
  CHECK(alerts.header("Content-Type") == "application/json");
  CHECK(alerts.header("Cache-Control") == "no-store");
  CHECK(json_at(alerts.body, "/monitoring") == R"({"state":"ok","last_heard_seconds":10})");
  CHECK(json_at(alerts.body, "/firing/0/name") == "\"ServiceDown\"");
  CHECK(json_at(alerts.body, "/firing/0/for_seconds") == "130");
  CHECK_FALSE(json_at(alerts.body, "/firing/1").has_value());
}

TEST_CASE("alert routes: a step of the wall clock does not make alerts stale or monitoring silent",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.response_to(post_webhook(webhook_body({{}, watchdog()})));
  fixture.time.step_wall_clock(24h);
  const auto alerts = fixture.response_to(get("/api/alerts")).body;
  CHECK(json_at(alerts, "/monitoring/state") == "\"ok\"");
  CHECK(json_at(alerts, "/firing/0/stale") == "false");
  CHECK(json_at(alerts, "/firing/0/for_seconds") == "86520");
}

TEST_CASE("alert routes: an invalid webhook is rejected with the reason and has no effect", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.response_to(post_webhook(webhook_body({{}})));
  const auto body_before = fixture.response_to(get("/api/alerts")).body;
  const auto [body, reason] = GENERATE(table<std::string, std::string>({
      {"", "body is not JSON"},
      {"{", "body is not JSON"},
      {"[]", "version is missing or not a string"},
      {webhook_body({{.fingerprint = "other"}, {.starts_at = "soon"}}),
       "alerts/1/startsAt is not an RFC 3339 timestamp"},
  }));
  const auto response = fixture.response_to(post_webhook(body));
  CHECK(response.status == 400);
  CHECK(json_at(response.body, "/error") == "\"Bad Request\"");
  CHECK(json_at(response.body, "/message") == "\"Invalid Alertmanager webhook: " + reason + "\"");
  CHECK(fixture.response_to(get("/api/alerts")).body == body_before);
}

TEST_CASE("alert routes: only JSON is accepted, not the media types of HTML forms", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  const auto [type, status] = GENERATE(table<std::string, int>({
      {"Content-Type: application/json\r\n", 200},
      {"Content-Type: Application/JSON; charset=utf-8\r\n", 200},
      {"Content-Type: text/plain\r\n", 415},
      {"Content-Type: text/plain; application/json\r\n", 415},
      {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
      {"Content-Type: application/jsonp\r\n", 415},
      {"", 415},
  }));
  CAPTURE(type);
  CHECK(fixture.response_to(post("/api/alerts", webhook_body({{}}), type)).status == status);
  CHECK(json_at(fixture.response_to(get("/api/alerts")).body, "/firing/0").has_value() == (status == 200));
}

TEST_CASE("alert routes: a session permits only reading, and the API key permits reading and posting",
          "[services][dashboard]") {
  dashboard_fixture fixture{"key"};
  fixture.serve_dashboard();
  const auto sign_in_response = fixture.response_to(post("/session", "", "X-API-Key: key\r\n"));
  REQUIRE(sign_in_response.header("Set-Cookie").has_value());
  const auto cookie =
      sign_in_response.header("Set-Cookie")->substr(0, sign_in_response.header("Set-Cookie")->find(';'));
  const auto [fields, read_status, post_status] = GENERATE_COPY(table<std::string, int, int>({
      {"", 401, 401},
      {"X-API-Key: key\r\n", 200, 200},
      {"Authorization: Bearer key\r\n", 200, 200},
      {"Authorization: Bearer wrong\r\n", 401, 401},
      {"Cookie: " + cookie + "\r\n", 200, 401},
      {"Cookie: " + cookie + "\r\nAuthorization: Bearer key\r\n", 200, 200},
  }));
  CAPTURE(fields);
  CHECK(fixture.response_to(get("/api/alerts", fields)).status == read_status);
  CHECK(fixture.response_to(post_webhook(webhook_body({{}}), fields)).status == post_status);
  const auto alerts = fixture.response_to(get("/api/alerts", "X-API-Key: key\r\n"));
  CHECK(json_at(alerts.body, "/firing/0").has_value() == (post_status == 200));
}

TEST_CASE("alert routes: a rejected session is counted as a missing key", "[services][dashboard]") {
  dashboard_fixture fixture{"key"};
  fixture.serve_dashboard();
  const auto sign_in_response = fixture.response_to(post("/session", "", "X-API-Key: key\r\n"));
  fixture.response_to(post_webhook(webhook_body({{}}), "Cookie: " + *sign_in_response.header("Set-Cookie") + "\r\n"));
  CHECK(fixture.metric_value(R"(service_auth_failures_total{endpoint="/api/alerts",reason="missing"})") == 1);
}

TEST_CASE("alert routes: incomplete updates are reported in the response and the log", "[services][dashboard]") {
  captured_log log;
  {
    dashboard_fixture fixture;
    fixture.log = telemetry::logger{log.sink(), "dashboard", telemetry::log_level::info, telemetry::log_format::json};
    fixture.serve_dashboard();
    fixture.response_to(post_webhook(webhook_body({{}})));
    const auto shortened_response =
        fixture.response_to(post_webhook(webhook_body({{.description = std::string(5000, 'x')}})));
    CHECK(json_at(shortened_response.body, "/shortened") == "1");
    fixture.response_to(post_webhook(webhook_body({{}}, 3)));
    fixture.response_to(post_webhook("{}"));
  }
  const auto lines = log.close();
  REQUIRE(lines.size() == 3);
  CHECK(json_at(lines[0], "/level") == "\"info\"");
  CHECK(json_at(lines[0], "/shortened") == "1");
  CHECK(json_at(lines[1], "/level") == "\"error\"");
  CHECK(json_at(lines[1], "/truncated") == "3");
  CHECK(json_at(lines[1], "/dropped") == "0");
  CHECK(json_at(lines[2], "/level") == "\"warn\"");
  CHECK(json_at(lines[2], "/error") == "\"version is missing or not a string\"");
}

TEST_CASE("alert routes: methods other than GET, HEAD and POST are rejected with 405 and Allow",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  const auto response = fixture.response_to("PUT /api/alerts HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  CHECK(response.status == 405);
  CHECK(response.header("Allow") == "GET, HEAD, POST");
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
// Tests that alerts from Alertmanager's webhook appear in the API and the event stream.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

/// The body that Alertmanager 0.28 sends, without line breaks.
constexpr std::string_view service_down =
    R"({"receiver":"dashboard","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"ServiceDown",)"
    R"("instance":"weather-service:5003","job":"weather-service","severity":"critical"},"annotations":{)"
    R"("description":"Prometheus got no answer for a minute.",)"
    R"("runbook_url":"http://localhost:5000/runbook#servicedown","summary":"weather-service is down"},)"
    R"("startsAt":"2026-06-01T11:58:00.123Z","endsAt":"0001-01-01T00:00:00Z",)"
    R"("generatorURL":"http://prometheus:9090/graph?g0.expr=up+%3D%3D+0\u0026g0.tab=1",)"
    R"("fingerprint":"9a9a0ab8ffc4e1f3"},{"status":"firing","labels":{"alertname":"Watchdog","severity":"none"},)"
    R"("annotations":{"summary":"Always fires"},"startsAt":"2026-06-01T11:00:00Z","endsAt":"0001-01-01T00:00:00Z",)"
    R"("generatorURL":"","fingerprint":"21d9e1e1e1e1e1e1"}],"groupLabels":{},"commonLabels":{},)"
    R"("commonAnnotations":{},"externalURL":"http://alertmanager:9093","version":"4","groupKey":"{}:{}",)"
    R"("truncatedAlerts":0})";

response post_alerts(std::uint16_t port, std::string_view body, const header_list& other_fields = {}) {
  header_list fields{{"User-Agent", "Alertmanager/0.28.0"}, {"Content-Type", "application/json"}};
  fields.insert(fields.end(), other_fields.begin(), other_fields.end());
  return request(port, "POST", "/api/alerts", fields, body);
}

sse_event read_next_alerts(raw_connection& browser) {
  sse_event event;
  while (event.event != "alerts") event = browser.read_sse_event();
  return event;
}

TEST_CASE("alerts: the webhook is exempt from the rate limit", "[integration][threads]") {
  running_program dashboard{"dashboard-service", {}, {{"RATE_LIMIT", "1/hour"}}};
  CHECK(get(dashboard.port(), "/api/alerts").status == 200);
  CHECK(get(dashboard.port(), "/api/alerts").status == 429);
  for (int i = 0; i < 3; ++i) CHECK(post_alerts(dashboard.port(), service_down).status == 200);
}

TEST_CASE("alerts: the webhook is rate limited with an invalid key and exempt with a valid key",
          "[integration][threads]") {
  running_program dashboard{"dashboard-service", {}, {{"RATE_LIMIT", "2/hour"}, {"API_KEY", "s3cret"}}};
  const header_list wrong_key{{"Authorization", "Bearer secret"}};
  for (int i = 0; i < 2; ++i) CHECK(post_alerts(dashboard.port(), service_down, wrong_key).status == 401);
  CHECK(post_alerts(dashboard.port(), service_down, wrong_key).status == 429);
  CHECK(post_alerts(dashboard.port(), service_down).status == 429);
  CHECK(post_alerts(dashboard.port(), service_down, {{"Authorization", "Bearer s3cret"}}).status == 200);
}

TEST_CASE("alerts: a posted alert appears in the API and the event stream", "[integration][threads]") {
  running_program dashboard{"dashboard-service", {"--threads", "2"}, {{"API_KEY", "s3cret"}}};
  const auto port = dashboard.port();
  raw_connection browser{port};
  browser.send("GET /api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: s3cret\r\n\r\n");
  CHECK(browser.read_head().status == 200);
  CHECK(json_at(read_next_alerts(browser).data, "/monitoring/state") == "\"unknown\"");

  CHECK(post_alerts(port, service_down).status == 401);
  CHECK(post_alerts(port, service_down, {{"Authorization", "Bearer s3cret"}, {"Origin", "http://x"}}).status == 403);
  const auto update = post_alerts(port, service_down, {{"Authorization", "Bearer s3cret"}});
  CHECK(update.status == 200);
  CHECK(json_at(update.body, "/firing") == "2");

  const auto alerts = get(port, "/api/alerts", {{"Authorization", "Bearer s3cret"}}).body;
  CHECK(json_at(alerts, "/monitoring/state") == "\"ok\"");
  CHECK(json_at(alerts, "/firing/0/name") == "\"ServiceDown\"");
  CHECK(json_at(alerts, "/firing/0/starts_at") == "\"2026-06-01T11:58:00Z\"");
  CHECK(json_at(alerts, "/firing/1") == "(none)");

  const auto event = read_next_alerts(browser);
  CHECK(json_at(event.data, "/firing/0/fingerprint") == "\"9a9a0ab8ffc4e1f3\"");
  CHECK(json_at(event.data, "/monitoring/state") == "\"ok\"");

  CHECK(metric(port, R"(dashboard_service_http_requests_total{endpoint="/api/alerts",method="POST",status="200"})") ==
        1);
  CHECK(metric(port, R"(dashboard_service_auth_failures_total{endpoint="/api/alerts",reason="missing"})") == 1);
}

TEST_CASE("alerts: a resolved alert moves to the resolved list; invalid bodies are rejected",
          "[integration][threads]") {
  running_program dashboard{"dashboard-service"};
  const auto port = dashboard.port();
  REQUIRE(post_alerts(port, service_down).status == 200);
  std::string resolved{service_down};
  resolved.replace(resolved.find(R"("status":"firing","labels")"), 17, R"("status":"resolved")");
  resolved.replace(resolved.find("0001-01-01T00:00:00Z"), 20, "2026-06-01T12:01:00Z");
  CHECK(post_alerts(port, resolved).status == 200);
  const auto alerts = get(port, "/api/alerts").body;
  CHECK(json_at(alerts, "/firing") == "[]");
  CHECK(json_at(alerts, "/resolved/0/ends_at") == "\"2026-06-01T12:01:00Z\"");

  CHECK(post_alerts(port, "{}").status == 400);
  CHECK(post_alerts(port, std::string(2'000'000, ' ')).status == 413);
  CHECK(get(port, "/api/alerts").body.find("\"firing\":[]") != std::string::npos);
}

TEST_CASE("alerts: the runbook is served without a key and has the section that an alert links to",
          "[integration][threads]") {
  running_program dashboard{"dashboard-service", {}, {{"API_KEY", "s3cret"}}};
  const auto page = get(dashboard.port(), "/runbook", {{"Accept-Encoding", "identity"}});
  CHECK(page.status == 200);
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(page.header("content-security-policy").find("default-src 'self'") == 0);
  CHECK(page.body.find(R"(id="servicedown")") != std::string::npos);
  CHECK(page.body.find("<script") == std::string::npos);
  CHECK(get(dashboard.port(), "/runbook", {{"If-None-Match", page.header("etag")}}).status == 304);
}

}  // namespace
}  // namespace cohort::test

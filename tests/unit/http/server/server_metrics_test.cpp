// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/server_metrics.hpp>

#include <catch2/catch_test_macros.hpp>
#include <set>

#include <cohort/http/server/server.hpp>
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::optional<double> duration_count(const server_fixture& server, const std::string& endpoint,
                                     const std::string& method) {
  return server.metric_value("test_http_request_duration_seconds_count{endpoint=\"" + endpoint + "\",method=\"" +
                             method + "\"}");
}

TEST_CASE("server metrics: the series of a route exist, at zero, before its first request; probes have no series",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("a"));
  server.routes.post("/b/{id}", echo_handler);
  server.routes.get("/health", text_handler("healthy")).probe();
  server.start();
  for (const int status : {200, 400, 401, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    CHECK(server.request_count("/a", "GET", status) == 0);
    CHECK(server.request_count("/a", "HEAD", status) == 0);
    CHECK(server.request_count("/b/{id}", "POST", status) == 0);
  }
  CHECK(server.request_count("unmatched", "GET", 404) == 0);
  CHECK(duration_count(server, "/a", "GET") == 0);
  CHECK_FALSE(server.request_count("/a", "POST", 200).has_value());
  CHECK(server.metrics.prometheus_text().find("/health") == std::string::npos);
}

TEST_CASE("server metrics: a request is counted by pattern, method and status, and its duration is observed",
          "[http][server]") {
  server_fixture server;
  server.routes.get("/things/{id}", delayed_handler(300ms));
  auto client = server.connect();
  for (const auto* path : {"/things/1", "/things/2"}) {
    client.send(get(path));
    CHECK(client.receive()->status == 200);
  }
  client.send("HEAD /things/3 HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(true)->status == 200);
  client.send("DELETE /things/3 HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 405);
  CHECK(server.request_count("/things/{id}", "GET", 200) == 2);
  CHECK(server.request_count("/things/{id}", "HEAD", 200) == 1);
  CHECK(server.request_count("/things/{id}", "DELETE", 405) == 1);
  CHECK(duration_count(server, "/things/{id}", "GET") == 2);
  const std::string bucket = "test_http_request_duration_seconds_bucket{endpoint=\"/things/{id}\",method=\"GET\",le=";
  CHECK(server.metric_value(bucket + "\"0.25\"}") == 0);
  CHECK(server.metric_value(bucket + "\"0.5\"}") == 2);
}

TEST_CASE("server metrics: unknown paths and methods share one label each", "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("a"));
  for (const auto* line : {"GET /x", "GET /y?z", "BREW /x", "get /x", "PROPFIND /x", "PATCH /x"}) {
    server.response_to(std::string{line} + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  server.response_to("BREW /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(server.request_count("unmatched", "GET", 404) == 2);
  CHECK(server.request_count("unmatched", "_OTHER", 501) == 2);
  CHECK(server.request_count("unmatched", "_OTHER", 404) == 1);
  CHECK(server.request_count("unmatched", "PATCH", 404) == 1);
  CHECK(server.request_count("/a", "_OTHER", 501) == 1);
  const auto text = server.metrics.prometheus_text();
  for (const auto* unknown : {"/x", "/y", "BREW", "PROPFIND", "\"get\""}) {
    CAPTURE(unknown);
    CHECK(text.find(unknown) == std::string::npos);
  }
}

TEST_CASE("server metrics: probes are not counted", "[http][server]") {
  server_fixture server;
  server.routes.get("/health", text_handler("healthy")).probe();
  const auto metrics_before = server.metrics.prometheus_text();
  server.response_to(get("/health"));
  server.response_to("DELETE /health HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(server.metrics.prometheus_text().find("/health") == std::string::npos);
  CHECK(server.request_count("unmatched", "GET", 404) == 0);
}

TEST_CASE("server metrics: a request that is rejected before routing counts as unmatched", "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("a"));
  server.response_to("GET /a HTTP/1.1\r\n\r\n");
  server.response_to("GET /a\n");
  CHECK(server.request_count("unmatched", "GET", 400) == 1);
  CHECK(server.request_count("unmatched", "_OTHER", 400) == 1);
}

TEST_CASE("server metrics: the gauges of connections and requests in flight return to zero", "[http][server]") {
  server_fixture server;
  server.routes.get("/slow", delayed_handler(1s));
  {
    auto client = server.connect();
    client.send(get("/slow"));
    server.time.run_for(500ms);
    CHECK(server.metric_value("cohort_server_connections") == 1);
    CHECK(server.metric_value("cohort_server_requests_in_flight") == 1);
    CHECK(client.receive()->status == 200);
    CHECK(server.metric_value("cohort_server_requests_in_flight") == 0);
  }
  server.time.run_for(10ms);
  CHECK(server.metric_value("cohort_server_connections") == 0);
  CHECK(server.metric_value("cohort_server_connections_total") == 1);
}

TEST_CASE("server metrics: only the request counter's name ends with http_requests_total", "[http][server]") {
  server_fixture server;
  server.routes.get("/a", text_handler("a"));
  server.start();
  std::set<std::string> selected_series;
  for (const auto& family : server.metrics.collect()) {
    if (family.name.ends_with("http_requests_total")) selected_series.insert(family.name);
  }
  CHECK(selected_series == std::set<std::string>{"test_http_requests_total"});
}

}  // namespace
}  // namespace cohort

#include "core/http/server_metrics.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "core/http/server.hpp"
#include "tests/unit/core/http/served_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

std::optional<double> timed(const served_site& site, const std::string& endpoint, const std::string& method) {
  return site.series("test_http_request_duration_seconds_count{endpoint=\"" + endpoint + "\",method=\"" + method +
                     "\"}");
}

TEST_CASE("A route's series exist, at zero, before its first request; a probe's never do") {
  served_site site;
  site.routes.get("/a", says("a"));
  site.routes.post("/b/{id}", echo);
  site.routes.get("/health", says("healthy")).is_probe = true;
  site.start();
  for (const int status : {200, 400, 401, 429, 500, 502, 503, 504}) {
    CAPTURE(status);
    CHECK(site.requests("/a", "GET", status) == 0);
    CHECK(site.requests("/a", "HEAD", status) == 0);
    CHECK(site.requests("/b/{id}", "POST", status) == 0);
  }
  CHECK(site.requests("unmatched", "GET", 404) == 0);
  CHECK(timed(site, "/a", "GET") == 0);
  CHECK_FALSE(site.requests("/a", "POST", 200).has_value());
  CHECK(site.metrics.text().find("/health") == std::string::npos);
}

TEST_CASE("A request counts for its route's template, its method and its status, and its time is observed") {
  served_site site;
  site.routes.get("/things/{id}", waits(300ms));
  auto client = site.connect();
  for (const auto* path : {"/things/1", "/things/2"}) {
    client.send(get(path));
    CHECK(client.receive()->status == 200);
  }
  client.send("HEAD /things/3 HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(true)->status == 200);
  client.send("DELETE /things/3 HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive()->status == 405);
  CHECK(site.requests("/things/{id}", "GET", 200) == 2);
  CHECK(site.requests("/things/{id}", "HEAD", 200) == 1);
  CHECK(site.requests("/things/{id}", "DELETE", 405) == 1);
  CHECK(timed(site, "/things/{id}", "GET") == 2);
  const std::string bucket = "test_http_request_duration_seconds_bucket{endpoint=\"/things/{id}\",method=\"GET\",le=";
  CHECK(site.series(bucket + "\"0.25\"}") == 0);
  CHECK(site.series(bucket + "\"0.5\"}") == 2);
}

TEST_CASE("Whatever path and method a client makes up, there are no more series than for one of them") {
  served_site site;
  site.routes.get("/a", says("a"));
  for (const auto* line : {"GET /x", "GET /y?z", "BREW /x", "get /x", "PROPFIND /x", "PATCH /x"}) {
    site.answer_to(std::string{line} + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  site.answer_to("BREW /a HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(site.requests("unmatched", "GET", 404) == 2);
  CHECK(site.requests("unmatched", "_OTHER", 501) == 2);
  CHECK(site.requests("unmatched", "_OTHER", 404) == 1);
  CHECK(site.requests("unmatched", "PATCH", 404) == 1);
  CHECK(site.requests("/a", "_OTHER", 501) == 1);
  const auto text = site.metrics.text();
  for (const auto* made_up : {"/x", "/y", "BREW", "PROPFIND", "\"get\""}) {
    CAPTURE(made_up);
    CHECK(text.find(made_up) == std::string::npos);
  }
}

TEST_CASE("Probes are no traffic") {
  served_site site;
  site.routes.get("/health", says("healthy")).is_probe = true;
  const auto before = site.metrics.text();
  site.answer_to(get("/health"));
  site.answer_to("DELETE /health HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(site.metrics.text().find("/health") == std::string::npos);
  CHECK(site.requests("unmatched", "GET", 404) == 0);
}

TEST_CASE("What is refused before there is a route counts as unmatched") {
  served_site site;
  site.routes.get("/a", says("a"));
  site.answer_to("GET /a HTTP/1.1\r\n\r\n");
  site.answer_to("GET /a\n");
  CHECK(site.requests("unmatched", "GET", 400) == 1);
  CHECK(site.requests("unmatched", "_OTHER", 400) == 1);
}

TEST_CASE("Connections and requests in flight are gauges that come back to zero") {
  served_site site;
  site.routes.get("/slow", waits(1s));
  {
    auto client = site.connect();
    client.send(get("/slow"));
    site.time.run_for(500ms);
    CHECK(site.series("cohort_server_connections") == 1);
    CHECK(site.series("cohort_server_requests_in_flight") == 1);
    CHECK(client.receive()->status == 200);
    CHECK(site.series("cohort_server_requests_in_flight") == 0);
  }
  site.time.run_for(10ms);
  CHECK(site.series("cohort_server_connections") == 0);
  CHECK(site.series("cohort_server_connections_total") == 1);
}

TEST_CASE("No metric but the requests' own ends as the alerts' selector does, and each name has one type") {
  served_site site;
  site.routes.get("/a", says("a"));
  site.start();
  std::set<std::string> selected;
  for (const auto& family : site.metrics.collect()) {
    if (family.name.ends_with("http_requests_total")) selected.insert(family.name);
  }
  CHECK(selected == std::set<std::string>{"test_http_requests_total"});
}

}  // namespace
}  // namespace cohort

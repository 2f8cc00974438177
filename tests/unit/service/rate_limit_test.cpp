// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/rate_limit.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

http::router sample_routes() {
  http::router routes;
  routes.get("/", [](request_context&) { return text_response("page"); });
  routes.get("/api/things", [](request_context&) { return text_response("things"); });
  routes.get("/api/alerts", [](request_context&) { return text_response("alerts"); });
  routes.post("/api/alerts", [](request_context&) { return text_response("received"); }).exempt_from_rate_limit();
  return routes;
}

TEST_CASE("rate limit: an excess request is rejected with 429 and Retry-After; probes are exempt",
          "[service][rate_limit]") {
  service_fixture fixture;
  fixture.serve(sample_routes(), config::rate{3, 60s});
  for (int i = 0; i < 5; ++i) CHECK(fixture.response_to(get("/health")).status == 200);
  for (int i = 0; i < 3; ++i) CHECK(fixture.response_to(get("/api/things")).status == 200);
  const auto rejected_response = fixture.response_to(get("/api/things"));
  CHECK(rejected_response.status == 429);
  CHECK(rejected_response.header("Retry-After") == "20");
  CHECK(json_at(rejected_response.body, "/error").has_value());
  CHECK(json_at(rejected_response.body, "/message").has_value());
  CHECK(fixture.metric_value("cohort_server_rate_limited_total") == 1);
  CHECK(fixture.response_to(get("/health")).status == 200);
  fixture.time.run_for(19s);
  CHECK(fixture.response_to(get("/")).header("Retry-After") == "1");
  fixture.time.run_for(1s);
  CHECK(fixture.response_to(get("/")).status == 200);
}

TEST_CASE("rate limit: requests without a valid key also count against the limit", "[service][rate_limit]") {
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes(), config::rate{2, 60s});
  CHECK(fixture.response_to(get("/api/things")).status == 401);
  CHECK(fixture.response_to(get("/api/things", "X-API-Key: guess\r\n")).status == 401);
  CHECK(fixture.response_to(get("/api/things", "X-API-Key: secret\r\n")).status == 429);
}

TEST_CASE("rate limit: exempt operations are exempt only with a valid key", "[service][rate_limit]") {
  const std::string key_field = "X-API-Key: secret\r\n";
  service_fixture fixture{"secret"};
  fixture.serve(sample_routes(), config::rate{1, 60s});
  CHECK(fixture.response_to(get("/api/alerts", key_field)).status == 200);
  CHECK(fixture.response_to(get("/api/alerts", key_field)).status == 429);
  CHECK(fixture.response_to(post("/api/alerts", "{}", "X-API-Key: guess\r\n")).status == 429);
  CHECK(fixture.response_to(post("/api/alerts", "{}")).status == 429);
  for (int i = 0; i < 3; ++i) CHECK(fixture.response_to(post("/api/alerts", "{}", key_field)).status == 200);
}

TEST_CASE("rate limit: without authentication, exempt operations are always exempt", "[service][rate_limit]") {
  service_fixture fixture;
  fixture.serve(sample_routes(), config::rate{1, 60s});
  CHECK(fixture.response_to(get("/")).status == 200);
  CHECK(fixture.response_to(get("/")).status == 429);
  for (int i = 0; i < 3; ++i) CHECK(fixture.response_to(post("/api/alerts", "{}")).status == 200);
}

/// Returns the status of a request from this address, or 200 if the filter accepts the request.
task<int> filtered_status(const http::filter& filter, std::string address) {
  const http::request_head head;
  request_context context{head, address};
  const auto response = filter(context);
  co_return response ? static_cast<int>(response->code()) : 200;
}

TEST_CASE("rate limit: the addresses of an IPv6 /64 prefix share one limit", "[service][rate_limit][case-5.3]") {
  service_fixture fixture;
  const auto filter = service::rate_limit_filter(config::rate{2, 60s}, fixture.metrics, fixture.authenticator);
  const auto status = [&](const char* address) { return fixture.time.run(filtered_status(filter, address)); };
  CHECK(status("2001:db8:0:1::1") == 200);
  CHECK(status("2001:db8:0:1:2:3:4:5") == 200);
  CHECK(status("2001:db8:0:1:ffff::") == 429);
  CHECK(status("2001:db8:0:2::1") == 200);
  // The same IPv4 client has these addresses on an IPv4 socket and on a dual-stack socket.
  CHECK(status("192.0.2.1") == 200);
  CHECK(status("::ffff:192.0.2.1") == 200);
  CHECK(status("::ffff:c000:201") == 429);
  CHECK(status("::ffff:192.0.2.2") == 200);
  // Link-local addresses do not share a limit.
  for (const auto* address : {"fe80::1", "fe80::2", "fe80::3"}) CHECK(status(address) == 200);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/health/probes.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/message/body/content_decoding.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("probes: a running service is healthy, live and ready", "[service][probes]") {
  service_fixture fixture{"secret"};
  fixture.serve({});
  for (const auto* path : {"/health", "/livez"}) {
    const auto response = fixture.response_to(get(path));
    CHECK(response.status == 200);
    CHECK(response.header("Content-Type") == "application/json");
    CHECK(response.body == R"({"status":"healthy"})");
  }
  CHECK(fixture.response_to(get("/readyz")).body == R"({"status":"ready"})");
}

TEST_CASE("probes: a draining service is healthy and live, but not ready", "[service][probes]") {
  service_fixture fixture;
  fixture.serve({});
  fixture.draining = true;
  CHECK(fixture.response_to(get("/readyz")).status == 503);
  CHECK(fixture.response_to(get("/readyz")).body == R"({"status":"draining"})");
  CHECK(fixture.response_to(get("/health")).status == 200);
  CHECK(fixture.response_to(get("/livez")).status == 200);
}

TEST_CASE("/metrics: Accept selects the Prometheus text format or OpenMetrics", "[service][probes]") {
  service_fixture fixture;
  fixture.metrics.make_counter("things_total", "Things.").increment(7);
  fixture.serve({});
  const auto prometheus_format = fixture.response_to(get("/metrics"));
  CHECK(prometheus_format.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(prometheus_format.header("Vary") == "Accept, Accept-Encoding");
  CHECK(prometheus_format.body.find("\n# TYPE things_total counter\nthings_total 7\n") != std::string::npos);

  const std::string prometheus_accept =
      "Accept: application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n";
  const auto open_metrics = fixture.response_to(get("/metrics", prometheus_accept));
  CHECK(open_metrics.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(open_metrics.header("Vary") == "Accept, Accept-Encoding");
  CHECK(open_metrics.body.find("\n# TYPE things counter\nthings_total 7\n") != std::string::npos);
  CHECK(open_metrics.body.ends_with("\n# EOF\n"));

  auto connection = fixture.connect();
  connection.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\n" + prometheus_accept + "\r\n");
  const auto head = connection.receive(true);
  REQUIRE(head.has_value());
  CHECK(head->header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(head->header("Vary") == "Accept, Accept-Encoding");
}

TEST_CASE("/metrics: the response is compressed if the client accepts it", "[service][probes]") {
  service_fixture fixture;
  for (int i = 0; i < 100; ++i) fixture.metrics.make_counter("things_" + std::to_string(i) + "_total", "Things.");
  fixture.serve({});
  const auto plain_response = fixture.response_to(get("/metrics"));
  CHECK_FALSE(plain_response.header("Content-Encoding").has_value());
  const auto compressed_response = fixture.response_to(get("/metrics", "Accept-Encoding: gzip\r\n"));
  CHECK(compressed_response.header("Content-Encoding") == "gzip");
  CHECK(compressed_response.header("Vary") == "Accept, Accept-Encoding");
  CHECK(compressed_response.body.size() < plain_response.body.size() / 2);
  CHECK(decode_gzip(compressed_response.body).text.find("\nthings_99_total 0\n") != std::string::npos);
}

}  // namespace
}  // namespace cohort

#include "core/service/probes.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/core/service/service_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("A service tells that it is healthy, alive and ready") {
  service_stage stage{"secret"};
  stage.serve({});
  for (const auto* path : {"/health", "/livez"}) {
    const auto answer = stage.answer_to(get(path));
    CHECK(answer.status == 200);
    CHECK(answer.header("Content-Type") == "application/json");
    CHECK(answer.body == R"({"status":"healthy"})");
  }
  CHECK(stage.answer_to(get("/readyz")).body == R"({"status":"ready"})");
}

TEST_CASE("While it drains, a service is alive and healthy, but not ready") {
  service_stage stage;
  stage.serve({});
  stage.draining = true;
  CHECK(stage.answer_to(get("/readyz")).status == 503);
  CHECK(stage.answer_to(get("/readyz")).body == R"({"status":"draining"})");
  CHECK(stage.answer_to(get("/health")).status == 200);
  CHECK(stage.answer_to(get("/livez")).status == 200);
}

TEST_CASE("The metrics are in Prometheus' text format, or as OpenMetrics for whoever prefers that") {
  service_stage stage;
  stage.metrics.make_counter("things_total", "Things.").increment(7);
  stage.serve({});
  const auto plain_text = stage.answer_to(get("/metrics"));
  CHECK(plain_text.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(plain_text.header("Vary") == "Accept");
  CHECK(plain_text.body.find("\n# TYPE things_total counter\nthings_total 7\n") != std::string::npos);

  const std::string prometheus =
      "Accept: application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n";
  const auto open = stage.answer_to(get("/metrics", prometheus));
  CHECK(open.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(open.header("Vary") == "Accept");
  CHECK(open.body.find("\n# TYPE things counter\nthings_total 7\n") != std::string::npos);
  CHECK(open.body.ends_with("\n# EOF\n"));

  auto caller = stage.connect();
  caller.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\n" + prometheus + "\r\n");
  const auto head = caller.receive(true);
  REQUIRE(head.has_value());
  CHECK(head->header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(head->header("Vary") == "Accept");
}

}  // namespace
}  // namespace cohort

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

TEST_CASE("The metrics are in Prometheus' text format") {
  service_stage stage;
  stage.metrics.make_counter("things_total", "Things.").increment(7);
  stage.serve({});
  const auto page = stage.answer_to(get("/metrics"));
  CHECK(page.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(page.body.find("\nthings_total 7\n") != std::string::npos);
}

}  // namespace
}  // namespace cohort

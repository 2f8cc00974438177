// SPDX-License-Identifier: BSL-1.0
// Tests the metrics of event loops and memory.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

TEST_CASE("runtime metrics: all services of a process report the same loops and memory", "[integration][threads]") {
  running_program stack{"cohort-stack", {"--threads", "2"}};
  for (const std::string service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    get(port, "/health");
    for (const std::string loop : {"0", "1"}) {
      CAPTURE(loop);
      const auto loop_metric = [&](const std::string& name) { return metric(port, name + "{loop=\"" + loop + "\"}"); };
      CHECK(loop_metric("cohort_loop_cpu_seconds_total") > 0);
      CHECK(loop_metric("cohort_loop_timers") > 0);
      CHECK(loop_metric("cohort_loop_tasks") >= 0);
    }
    CHECK(metric(port, R"(cohort_loop_cpu_seconds_total{loop="2"})") == -1);
    CHECK(metric(port, "cohort_memory_limit_bytes") > metric(port, "process_resident_memory_bytes"));
  }
}

TEST_CASE("runtime metrics: a loop's tasks include its connections", "[integration][threads]") {
  running_program service{"time-service", {"--threads", "1"}};
  const auto tasks = [&] { return metric(service.port(), R"(cohort_loop_tasks{loop="0"})"); };
  const double before = tasks();
  raw_connection first{service.port()};
  raw_connection second{service.port()};
  for (auto* client : {&first, &second}) {
    client->send("GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(client->read_response().status == 200);
  }
  // The connection of the first scrape may still be open.
  CHECK(tasks() >= before + 2);
}

}  // namespace
}  // namespace cohort::test

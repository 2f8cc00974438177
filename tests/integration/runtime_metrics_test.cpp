// What the programs tell of their loops and their memory.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

TEST_CASE("every service of the stack tells of the same loops and the same memory") {
  running_program stack{"cohort-stack", {"--threads", "2"}};
  for (const std::string service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    get(port, "/health");
    for (const std::string loop : {"0", "1"}) {
      CAPTURE(loop);
      const auto of_loop = [&](const std::string& name) { return metric(port, name + "{loop=\"" + loop + "\"}"); };
      CHECK(of_loop("cohort_loop_cpu_seconds_total") > 0);
      CHECK(of_loop("cohort_loop_timers") > 0);
      CHECK(of_loop("cohort_loop_tasks") >= 0);
    }
    CHECK(metric(port, R"(cohort_loop_cpu_seconds_total{loop="2"})") == -1);
    CHECK(metric(port, "cohort_memory_limit_bytes") > metric(port, "process_resident_memory_bytes"));
  }
}

TEST_CASE("a loop's tasks are its connections, among others") {
  running_program service{"time-service", {"--threads", "1"}};
  const auto tasks = [&] { return metric(service.port(), R"(cohort_loop_tasks{loop="0"})"); };
  const double before = tasks();
  raw_connection one{service.port()};
  raw_connection two{service.port()};
  for (auto* each : {&one, &two}) {
    each->send("GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(each->read_response().status == 200);
  }
  // The connection of the first look may not have ended yet.
  CHECK(tasks() >= before + 2);
}

}  // namespace
}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
// Tests fault injection into the built programs at run time.
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <csignal>

#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

constexpr double mebibyte = 1024 * 1024;

response put_faults(std::uint16_t port, std::string_view body, const header_list& headers = {}) {
  return request(port, "PUT", "/api/faults", headers, body);
}

double response_count(std::uint16_t port, const std::string& status) {
  return metric(port,
                R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status=")" + status + R"("})");
}

TEST_CASE("faults: without an API key, fault injection requires a loopback address; otherwise the exit status is 2",
          "[integration][faults][threads]") {
  for (const auto* host : {"0.0.0.0", "::", "192.0.2.1"}) {
    const auto result = run_program("time-service", {"--enable-faults", "--host", host, "--port", "0"});
    CHECK(result.status == 2);
    CHECK(result.output.empty());
    CHECK(result.error == std::string{"time-service: --host is \""} + host +
                              "\", but must be a loopback address such as 127.0.0.1 with --enable-faults "
                              "(ENABLE_FAULTS), unless API_KEY is set\n");
  }
  CHECK(run_program("cohort-stack", {"--host", "0.0.0.0"}, {{"ENABLE_FAULTS", "1"}}).status == 2);
}

TEST_CASE("faults: with an API key, fault injection can be enabled on a public address, and requires the key",
          "[integration][faults][threads]") {
  running_program service{"time-service", {"--host", "0.0.0.0"}, {{"API_KEY", "s3cret"}, {"ENABLE_FAULTS", "true"}}};
  CHECK(put_faults(service.port(), R"({"error_percent":100})").status == 401);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "s3cret"}}).status == 200);
  CHECK(put_faults(service.port(), R"({"error_percent":100})", {{"X-API-Key", "s3cret"}}).status == 200);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "s3cret"}}).status == 500);
  CHECK_NOTHROW(service.process().wait_for_line("fault injection is enabled"));
}

TEST_CASE("faults: without --enable-faults there is no /api/faults route", "[integration][faults][threads]") {
  running_program service{"time-service"};
  CHECK(get(service.port(), "/api/faults").status == 404);
  CHECK(put_faults(service.port(), R"({"error_percent":100})").status == 404);
  CHECK(metric(service.port(), R"(cohort_faults_active{kind="error"})") == -1);
}

TEST_CASE("faults: injected errors are counted, continue after an invalid request and stop after DELETE",
          "[integration][faults][threads]") {
  running_program service{"time-service", {"--enable-faults", "--threads", "2"}};
  const auto port = service.port();
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 0);
  const auto put = put_faults(port, R"({"error_percent":100})");
  CHECK(put.status == 200);
  CHECK(json_at(put.body, "/error_percent") == "100");
  for (int i = 0; i < 5; ++i) CHECK(get(port, "/api/time").status == 500);
  CHECK(response_count(port, "500") == 5);
  CHECK(metric(port, R"(cohort_faults_injected_total{kind="error"})") == 5);
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 1);

  for (const auto* invalid : {R"({"error_percent":101})", R"({"errors":1})", "nonsense"}) {
    CHECK(put_faults(port, invalid).status == 400);
  }
  CHECK(json_at(get(port, "/api/faults").body, "/error_percent") == "100");
  CHECK(get(port, "/api/time").status == 500);

  CHECK(json_at(request(port, "DELETE", "/api/faults").body, "/active") == "false");
  for (int i = 0; i < 5; ++i) CHECK(get(port, "/api/time").status == 200);
  CHECK(response_count(port, "200") == 5);
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 0);
}

TEST_CASE("faults: each service in a process has its own settings", "[integration][faults][threads]") {
  running_program stack{"cohort-stack", {"--enable-faults"}};
  CHECK(put_faults(stack.port_of("time-service"), R"({"error_percent":100})").status == 200);
  CHECK(get(stack.port_of("time-service"), "/api/time").status == 500);
  CHECK(get(stack.port_of("system-info-service"), "/api/sysinfo").status == 200);
  const auto aggregate = get(stack.port_of("dashboard-service"), "/api/aggregate");
  CHECK(json_at(aggregate.body, "/meta/time_service/state") == "\"error\"");
  CHECK(json_at(aggregate.body, "/meta/sysinfo_service/state") == "\"fresh\"");
}

TEST_CASE("faults: a memory fault occupies resident memory until it ends", "[integration][faults][threads]") {
  running_program service{"time-service", {"--enable-faults"}};
  const auto port = service.port();
  const auto resident = [&] { return metric(port, "process_resident_memory_bytes"); };
  for (const double requested : {16.0, 200.0}) {
    const double before = resident();
    REQUIRE(put_faults(port, R"({"memory_mb":)" + std::to_string(static_cast<int>(requested)) + "}").status == 200);
    CHECK(eventually([&] { return resident() > before + 0.9 * requested * mebibyte; }));
    request(port, "DELETE", "/api/faults");
    CHECK(eventually([&] { return resident() < before + 0.5 * requested * mebibyte; }));
  }
}

TEST_CASE("faults: requests to /api/faults from web pages are rejected", "[integration][faults][threads]") {
  running_program service{"time-service", {"--enable-faults"}};
  const header_list browser_fields{{"Origin", "http://127.0.0.1:5000"}};
  CHECK(put_faults(service.port(), R"({"error_percent":100})", browser_fields).status == 403);
  CHECK(get(service.port(), "/api/time").status == 200);
  REQUIRE(put_faults(service.port(), R"({"error_percent":100})").status == 200);
  CHECK(request(service.port(), "DELETE", "/api/faults", browser_fields).status == 403);
  CHECK(get(service.port(), "/api/time").status == 500);
}

TEST_CASE("faults: CPU load delays the event loop", "[integration][faults][threads]") {
  running_program service{"time-service", {"--enable-faults", "--threads", "1"}};
  const auto port = service.port();
  REQUIRE(put_faults(port, R"({"cpu_percent":95})").status == 200);
  const double cpu = metric(port, "process_cpu_seconds_total");
  CHECK(eventually([&] { return metric(port, "process_cpu_seconds_total") > cpu + 1; }));
  CHECK(eventually([&] { return metric(port, "cohort_loop_lag_seconds_sum") > 0.05; }));
}

TEST_CASE("faults: an injected hang does not delay the drain", "[integration][faults][threads]") {
  running_program service{"time-service", {"--enable-faults"}};
  REQUIRE(put_faults(service.port(), R"({"hang_percent":100})").status == 200);
  raw_connection pending{service.port()};
  pending.send("GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(eventually([&] { return metric(service.port(), R"(cohort_faults_injected_total{kind="hang"})") == 1; }));
  service.process().signal(SIGTERM);
  CHECK(pending.read_response().status == 200);
  CHECK(service.process().wait_for_exit() == 0);
}

TEST_CASE("faults: a drain ends an injected hang in another service of the process", "[integration][faults][threads]") {
  running_program stack{"cohort-stack", {"--enable-faults"}};
  const auto time_service = stack.port_of("time-service");
  REQUIRE(put_faults(time_service, R"({"hang_percent":100})").status == 200);
  raw_connection caller{stack.port_of("dashboard-service")};
  caller.send("GET /api/aggregate HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(eventually([&] { return metric(time_service, R"(cohort_faults_injected_total{kind="hang"})") >= 1; }));
  stack.process().signal(SIGTERM);
  CHECK(json_at(caller.read_response().body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(stack.process().wait_for_exit() == 0);
}

}  // namespace
}  // namespace cohort::test

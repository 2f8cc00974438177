// Faults that are injected at run time into real programs.
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

constexpr double mebibyte = 1024 * 1024;

response put_faults(std::uint16_t port, std::string_view body, const header_list& headers = {}) {
  return request(port, "PUT", "/api/faults", headers, body);
}

double answers(std::uint16_t port, const std::string& status) {
  return metric(port,
                R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status=")" + status + R"("})");
}

/// Looks again and again, for as long as a slow machine may take.
template <class Condition>
bool comes_true(Condition condition) {
  const auto latest = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < latest) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST_CASE("faults are refused on a public address without a key, in one line and with exit status 2") {
  for (const auto* host : {"0.0.0.0", "::", "192.0.2.1"}) {
    const auto ended = run_program("time-service", {"--enable-faults", "--host", host, "--port", "0"});
    CHECK(ended.status == 2);
    CHECK(ended.output.empty());
    CHECK(ended.error == std::string{"time-service: --host is \""} + host +
                             "\", but must be a loopback address such as 127.0.0.1 with --enable-faults "
                             "(ENABLE_FAULTS), unless API_KEY is set\n");
  }
  CHECK(run_program("cohort-stack", {"--host", "0.0.0.0"}, {{"ENABLE_FAULTS", "1"}}).status == 2);
}

TEST_CASE("with a key, faults can be enabled on a public address, and the key is asked for") {
  running_program service{"time-service", {"--host", "0.0.0.0"}, {{"API_KEY", "s3cret"}, {"ENABLE_FAULTS", "true"}}};
  CHECK(put_faults(service.port(), R"({"error_percent":100})").status == 401);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "s3cret"}}).status == 200);
  CHECK(put_faults(service.port(), R"({"error_percent":100})", {{"X-API-Key", "s3cret"}}).status == 200);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "s3cret"}}).status == 500);
  CHECK_NOTHROW(service.process().wait_for_line("faults can be injected"));
}

TEST_CASE("without the flag there is no such route") {
  running_program service{"time-service"};
  CHECK(get(service.port(), "/api/faults").status == 404);
  CHECK(put_faults(service.port(), R"({"error_percent":100})").status == 404);
  CHECK(metric(service.port(), R"(cohort_faults_active{kind="error"})") == -1);
}

TEST_CASE("injected errors come, are counted, survive a wrong wish, and go when they are deleted") {
  running_program service{"time-service", {"--enable-faults", "--threads", "2"}};
  const auto port = service.port();
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 0);
  const auto put = put_faults(port, R"({"error_percent":100})");
  CHECK(put.status == 200);
  CHECK(json_at(put.body, "/error_percent") == "100");
  for (int i = 0; i < 5; ++i) CHECK(get(port, "/api/time").status == 500);
  CHECK(answers(port, "500") == 5);
  CHECK(metric(port, R"(cohort_faults_injected_total{kind="error"})") == 5);
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 1);

  for (const auto* wrong : {R"({"error_percent":101})", R"({"errors":1})", "nonsense"}) {
    CHECK(put_faults(port, wrong).status == 400);
  }
  CHECK(json_at(get(port, "/api/faults").body, "/error_percent") == "100");
  CHECK(get(port, "/api/time").status == 500);

  CHECK(json_at(request(port, "DELETE", "/api/faults").body, "/active") == "false");
  for (int i = 0; i < 5; ++i) CHECK(get(port, "/api/time").status == 200);
  CHECK(answers(port, "200") == 5);
  CHECK(metric(port, R"(cohort_faults_active{kind="error"})") == 0);
}

TEST_CASE("each service of the stack has faults of its own") {
  running_program stack{"cohort-stack", {"--enable-faults"}};
  CHECK(put_faults(stack.port_of("time-service"), R"({"error_percent":100})").status == 200);
  CHECK(get(stack.port_of("time-service"), "/api/time").status == 500);
  CHECK(get(stack.port_of("system-info-service"), "/api/sysinfo").status == 200);
  const auto all = get(stack.port_of("dashboard-service"), "/api/aggregate");
  CHECK(json_at(all.body, "/meta/time_service/state") == "\"error\"");
  CHECK(json_at(all.body, "/meta/sysinfo_service/state") == "\"fresh\"");
}

TEST_CASE("memory that is wished for is resident, and given back") {
  running_program service{"time-service", {"--enable-faults"}};
  const auto port = service.port();
  const auto resident = [&] { return metric(port, "process_resident_memory_bytes"); };
  for (const double wished : {16.0, 200.0}) {
    const double before = resident();
    REQUIRE(put_faults(port, R"({"memory_mb":)" + std::to_string(static_cast<int>(wished)) + "}").status == 200);
    CHECK(comes_true([&] { return resident() > before + 0.9 * wished * mebibyte; }));
    request(port, "DELETE", "/api/faults");
    CHECK(comes_true([&] { return resident() < before + 0.5 * wished * mebibyte; }));
  }
}

TEST_CASE("a web page can neither set faults nor end them") {
  running_program service{"time-service", {"--enable-faults"}};
  const header_list from_a_page{{"Origin", "http://127.0.0.1:5000"}};
  CHECK(put_faults(service.port(), R"({"error_percent":100})", from_a_page).status == 403);
  CHECK(get(service.port(), "/api/time").status == 200);
  REQUIRE(put_faults(service.port(), R"({"error_percent":100})").status == 200);
  CHECK(request(service.port(), "DELETE", "/api/faults", from_a_page).status == 403);
  CHECK(get(service.port(), "/api/time").status == 500);
}

TEST_CASE("a loop that burns CPU comes late to what is due") {
  running_program service{"time-service", {"--enable-faults", "--threads", "1"}};
  const auto port = service.port();
  REQUIRE(put_faults(port, R"({"cpu_percent":95})").status == 200);
  const double cpu = metric(port, "process_cpu_seconds_total");
  CHECK(comes_true([&] { return metric(port, "process_cpu_seconds_total") > cpu + 1; }));
  CHECK(comes_true([&] { return metric(port, "cohort_loop_lag_seconds_sum") > 0.05; }));
}

TEST_CASE("a request that hangs by an injected fault holds no drain") {
  running_program service{"time-service", {"--enable-faults"}};
  REQUIRE(put_faults(service.port(), R"({"hang_percent":100})").status == 200);
  raw_connection kept_waiting{service.port()};
  kept_waiting.send("GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(comes_true([&] { return metric(service.port(), R"(cohort_faults_injected_total{kind="hang"})") == 1; }));
  service.process().signal(SIGTERM);
  CHECK(kept_waiting.read_response().status == 200);
  CHECK(service.process().wait_exit() == 0);
}

TEST_CASE("when the stack drains, faults of one service delay no other's answers") {
  running_program stack{"cohort-stack", {"--enable-faults"}};
  const auto time_service = stack.port_of("time-service");
  REQUIRE(put_faults(time_service, R"({"hang_percent":100})").status == 200);
  raw_connection caller{stack.port_of("dashboard-service")};
  caller.send("GET /api/aggregate HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(comes_true([&] { return metric(time_service, R"(cohort_faults_injected_total{kind="hang"})") >= 1; }));
  stack.process().signal(SIGTERM);
  CHECK(json_at(caller.read_response().body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(stack.process().wait_exit() == 0);
}

}  // namespace
}  // namespace cohort::test

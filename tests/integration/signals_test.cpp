// SPDX-License-Identifier: BSL-1.0
// Tests SIGHUP, the drain delay, and settings that can only be tested with a program.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>

#include "tests/integration/resilience/client_load.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

int status_with_key(std::uint16_t port, const std::string& key) {
  return get(port, "/api/time", {{"X-API-Key", key}}).status;
}

TEST_CASE("signals: a key file that is UTF-16 text is rejected at start, with its name and the reason",
          "[integration][threads][case-5.1]") {
  const temporary_directory directory;
  const auto content = GENERATE(std::string("s\0e\0c\0", 6), std::string("\xFF\xFEs\0", 4), std::string());
  const auto path = directory.write("key", content).string();
  const auto result = run_program("time-service", {"--port", "0"}, {{"API_KEY_FILE", path}});
  CHECK(result.status == 2);
  CHECK(result.error.starts_with("time-service: API_KEY_FILE is \"" + path + "\", wh"));
  CHECK(result.error.find('\n') == result.error.size() - 1);
}

TEST_CASE("signals: SIGHUP reloads the key file without closing a connection", "[integration][threads][case-5.4]") {
  const temporary_directory directory;
  const auto path = directory.write("key", "old\n").string();
  running_program stack{"cohort-stack", {}, {{"API_KEY_FILE", path}}};
  const auto port = stack.port_of("time-service");
  const auto dashboard = stack.port_of("dashboard-service");
  const auto session = request(dashboard, "POST", "/session", {{"X-API-Key", "old"}}).header("set-cookie");
  const auto cookie = session.substr(0, session.find(';'));
  CHECK(get(dashboard, "/api/time-proxy", {{"Cookie", cookie}}).status == 200);
  CHECK(status_with_key(port, "old") == 200);
  raw_connection pending{port};
  pending.send("GET /api/time HTTP/1.1\r\nHost: x\r\n");

  directory.write("key", "new\n");
  stack.process().signal(SIGHUP);
  CHECK(json_at(stack.process().wait_for_line("\"msg\":\"reloaded\""), "/changed") == "true");
  CHECK(status_with_key(port, "old") == 401);
  CHECK(status_with_key(port, "new") == 200);
  pending.send("X-API-Key: new\r\n\r\n");
  CHECK(pending.read_response().status == 200);
  // Sessions of the previous key have ended, and the dashboard sends the new key to the services.
  CHECK(get(dashboard, "/api/time-proxy", {{"Cookie", cookie}}).status == 401);
  CHECK(get(dashboard, "/api/time-proxy", {{"X-API-Key", "new"}}).status == 200);

  directory.write("key", std::string("n\0e\0w\0", 6));
  stack.process().signal(SIGHUP);
  const auto line = stack.process().wait_for_line("\"msg\":\"reload failed; the old value remains in use\"");
  CHECK(json_at(line, "/level") == "\"error\"");
  CHECK(json_at(line, "/error").find("NUL byte") != std::string::npos);
  CHECK(status_with_key(port, "new") == 200);
  CHECK(stack.stop() == 0);
}

TEST_CASE("signals: SIGHUP without a setting to reload is logged, and no request is lost",
          "[integration][threads][case-5.4]") {
  running_program service{"time-service", {}, {{"API_KEY", "s3cret"}}};
  const auto port = service.port();
  client_load load{port, "GET /api/time HTTP/1.1\r\nHost: x\r\nX-API-Key: s3cret\r\n\r\n",
                   [](const response& response) { return response.status == 200; }};
  for (int i = 1; i <= 20; ++i) {
    service.process().signal(SIGHUP);
    load.wait_for_responses(i * 10);
  }
  load.stop();
  CHECK(load.failures() == 0);
  CHECK(json_at(service.process().wait_for_line("SIGHUP ignored"), "/level") == "\"info\"");
  CHECK(status_with_key(port, "s3cret") == 200);
  CHECK(service.stop() == 0);
}

TEST_CASE("settings: an idle connection is closed after the time of --idle-timeout",
          "[integration][threads][case-5.8]") {
  running_program service{"time-service", {"--idle-timeout", "1"}};
  raw_connection idle{service.port()};
  idle.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(idle.read_response().status == 200);
  const auto start = std::chrono::steady_clock::now();
  CHECK(idle.wait_for_close(10s));
  CHECK(std::chrono::steady_clock::now() - start > 900ms);
}

TEST_CASE("shutdown: during the drain delay the service is not ready, but accepts connections and serves requests",
          "[integration][threads]") {
  running_program service{"time-service", {}, {{"DRAIN_DELAY", "2"}}};
  const auto port = service.port();
  raw_connection open{port};
  CHECK(get(port, "/readyz").status == 200);
  const auto start = std::chrono::steady_clock::now();
  service.process().signal(SIGTERM);
  const auto line = service.process().wait_for_line("\"msg\":\"not ready, draining after a delay\"");
  CHECK(json_at(line, "/delay_seconds") == "2");
  const auto readiness = get(port, "/readyz");
  CHECK(readiness.status == 503);
  CHECK(readiness.body == R"({"status":"draining"})");
  CHECK(get(port, "/health").status == 200);
  CHECK(get(port, "/api/time").status == 200);
  open.send("GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto served = open.read_response();
  CHECK(served.status == 200);
  CHECK(served.header("connection") == "close");
  CHECK(service.process().error_output().find("\"msg\":\"draining\"") == std::string::npos);
  CHECK(service.process().wait_for_exit() == 0);
  CHECK(std::chrono::steady_clock::now() - start > 1900ms);
}

TEST_CASE("shutdown: a second signal during the drain delay terminates the process", "[integration][threads]") {
  running_program service{"time-service", {"--drain-delay", "60"}};
  CHECK(get(service.port(), "/readyz").status == 200);
  service.process().signal(SIGTERM);
  service.process().wait_for_line("\"msg\":\"not ready, draining after a delay\"");
  service.process().signal(SIGINT);
  CHECK(service.process().wait_for_exit() == 128 + SIGINT);
}

}  // namespace
}  // namespace cohort::test

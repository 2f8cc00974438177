// SPDX-License-Identifier: BSL-1.0
// Tests connection limits, and client addresses behind trusted proxies.
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "tests/integration/process_resources.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Sets the soft limit of file descriptors of a process, or of this process if `process` is 0. Returns the previous
/// limit.
rlim_t set_descriptor_limit(pid_t process, rlim_t soft_limit) {
  rlimit previous{};
  if (::prlimit(process, RLIMIT_NOFILE, nullptr, &previous) != 0) throw std::runtime_error("prlimit failed");
  const rlimit rlimit{std::min(soft_limit, previous.rlim_max), previous.rlim_max};
  if (::prlimit(process, RLIMIT_NOFILE, &rlimit, nullptr) != 0) throw std::runtime_error("prlimit failed");
  return previous.rlim_cur;
}

/// Returns the status of a request on a new connection that starts with `prefix`, or 0 if the connection was closed.
int status_with_prefix(std::uint16_t port, const std::string& prefix, const std::string& header_lines = {}) {
  raw_connection connection{port};
  connection.send(prefix + "GET /api/time HTTP/1.1\r\nHost: a\r\n" + header_lines + "\r\n");
  return connection.read_response().status;
}

std::string proxy_line(const std::string& client) { return "PROXY TCP4 " + client + " 192.0.2.1 4711 80\r\n"; }

TEST_CASE("limits: with 1,010 idle connections and 1,024 descriptors, a health check succeeds within a second",
          "[integration][threads][case-1.13]") {
  const std::string sent = GENERATE("", "GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  const auto previous = set_descriptor_limit(0, 4096);
  {
    running_program service{"time-service", descriptor_limit{1024}, {"--threads", "1"}};
    const auto port = service.port();
    std::deque<raw_connection> idle;
    for (int i = 0; i < 1010; ++i) {
      idle.emplace_back(port);
      if (!sent.empty()) idle.back().send(sent);
    }
    const auto start = clock::now();
    CHECK(get(port, "/health").status == 200);
    CHECK(clock::now() - start < 1s);
    CHECK(get(port, "/metrics").status == 200);
    CHECK(get(port, "/health").status == 200);
    CHECK(get(port, "/api/time").status == 200);
    CHECK(metric(port, "cohort_server_connection_limit") > 800);
    const auto state = sent.empty() ? "idle" : "slow_header";
    CHECK(metric(port, std::string{"cohort_server_connections_shed_total{state=\""} + state + "\"}") > 0);
    CHECK(idle.front().wait_for_close());
  }
  set_descriptor_limit(0, previous);
}

TEST_CASE("limits: an idle service uses less than 1.3 MiB of private memory", "[integration][threads]") {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer replaces the allocator");
#endif
  running_program service{"time-service", {"--threads", "2"}};
  CHECK(get(service.port(), "/health").status == 200);
  CHECK(memory_kib(service.process().pid(), "RssAnon") < 1331);
}

TEST_CASE("limits: the memory of a thousand slow clients is returned to the system", "[integration][threads]") {
#ifdef COHORT_SANITIZED
  SKIP("the sanitizer replaces the allocator");
#endif
  const auto previous = set_descriptor_limit(0, 4096);
  {
    running_program service{"time-service", descriptor_limit{4096}, {"--threads", "1"}};
    const auto port = service.port();
    const auto pid = service.process().pid();
    for (int i = 0; i < 50; ++i) get(port, "/metrics");
    const auto before = memory_kib(pid, "RssAnon");
    {
      std::deque<raw_connection> slow;
      for (int i = 0; i < 1000; ++i) {
        slow.emplace_back(port);
        slow.back().send("GET /api/time HTTP/1.1\r\nHost: a\r\nX-Slow: ");
      }
      CHECK(get(port, "/health").status == 200);
      CHECK(memory_kib(pid, "RssAnon") > before + 4000);
    }
    INFO(before << " KiB before");
    // RssAnon excludes the pages of the program: a factor of 2 in RssAnon is only a factor of 1.2 in the resident
    // memory.
    CHECK(eventually([&] { return memory_kib(pid, "RssAnon") < 2 * before; }));
  }
  set_descriptor_limit(0, previous);
}

TEST_CASE("limits: the service accepts connections again after file descriptors were exhausted",
          "[integration][threads]") {
#ifdef COHORT_SANITIZED
  SKIP("a sanitizer needs additional file descriptors");
#endif
  running_program service{"time-service", {"--threads", "1"}};
  const auto port = service.port();
  CHECK(get(port, "/health").status == 200);
  // The limit applies to new descriptors: none above the standard streams can be opened.
  const auto previous = set_descriptor_limit(service.process().pid(), 3);
  raw_connection waiting_client{port};
  waiting_client.send("GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n");
  service.process().wait_for_line("connections are not accepted");
  std::this_thread::sleep_for(500ms);
  set_descriptor_limit(service.process().pid(), previous);
  CHECK(waiting_client.read_response().status == 200);
  const auto failures = metric(port, R"(cohort_server_accept_errors_total{reason="descriptors"})");
  CHECK(failures >= 1);
  CHECK(failures < 40);  // without backoff, there would be many thousands
}

TEST_CASE("limits: the rate limit applies to each client behind trusted proxies", "[integration][threads]") {
  running_program service{
      "time-service",
      {"--rate-limit", "2/min", "--trusted-proxies", "loopback", "--proxy-protocol", "optional", "--threads", "1"}};
  const auto port = service.port();
  const auto status_by_proxy_protocol = [&](const std::string& client) {
    return status_with_prefix(port, proxy_line(client), "X-Forwarded-For: 1.2.3.4\r\n");
  };
  const auto status_by_header = [&](const std::string& client) {
    return status_with_prefix(port, "", "X-Forwarded-For: 9.9.9.9, " + client + "\r\n");
  };
  for (int i = 0; i < 2; ++i) {
    CHECK(status_by_proxy_protocol("203.0.113.1") == 200);
    CHECK(status_by_proxy_protocol("203.0.113.2") == 200);
    CHECK(status_by_header("203.0.113.3") == 200);
  }
  CHECK(status_by_proxy_protocol("203.0.113.1") == 429);
  CHECK(status_by_header("203.0.113.2") == 429);
  CHECK(status_by_header("203.0.113.3") == 429);
  CHECK(status_by_header("203.0.113.4") == 200);
  CHECK(metric(port, R"(cohort_server_proxy_headers_total{result="proxied"})") == 5);
}

TEST_CASE("limits: without trusted proxies, forwarding headers do not change the client's address",
          "[integration][threads]") {
  running_program service{"time-service", {"--rate-limit", "2/min", "--threads", "1"}};
  const auto port = service.port();
  CHECK(status_with_prefix(port, "", "X-Forwarded-For: 203.0.113.1\r\n") == 200);
  CHECK(status_with_prefix(port, "", "Forwarded: for=203.0.113.2\r\n") == 200);
  CHECK(status_with_prefix(port, "", "X-Forwarded-For: 203.0.113.3\r\n") == 429);
  CHECK(status_with_prefix(port, "", "Forwarded: for=203.0.113.4\r\n") == 429);
  CHECK(status_with_prefix(port, proxy_line("203.0.113.5")) == 400);
}

TEST_CASE("limits: connection limits are configurable", "[integration][threads]") {
  running_program service{"time-service",
                          {"--max-connections", "5", "--max-requests-per-connection", "2", "--threads", "1"}};
  const auto port = service.port();
  raw_connection connection{port};
  connection.send("GET /api/time HTTP/1.1\r\nHost: a\r\n\r\nGET /api/time HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(connection.read_response().header("Connection").empty());
  CHECK(connection.read_response().header("Connection") == "close");
  CHECK(connection.wait_for_close());
  CHECK(metric(port, "cohort_server_connection_limit") == 5);
}

TEST_CASE("limits: invalid settings are rejected with the accepted values", "[integration][threads]") {
  const auto [flag, value] = GENERATE(table<std::string, std::string>({{"--trusted-proxies", "example.org"},
                                                                       {"--trusted-proxies", "10.0.0.1/8"},
                                                                       {"--proxy-protocol", "on"},
                                                                       {"--max-connections", "0"},
                                                                       {"--max-connections-per-client", "-1"},
                                                                       {"--max-pipelined-requests", "0"},
                                                                       {"--max-requests-per-connection", "x"}}));
  const auto result = run_program("time-service", {flag, value});
  CHECK(result.status == 2);
  CHECK(result.error.find(flag) != std::string::npos);
  CHECK(result.error.find("must be") != std::string::npos);
}

}  // namespace
}  // namespace cohort::test

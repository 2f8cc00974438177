// SPDX-License-Identifier: BSL-1.0
// Tests the start hooks, the blocking work and the shutdown of the report example.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <list>

#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/net/socket.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// Creates a named pipe without a writer: opening the pipe for reading blocks.
std::string make_named_pipe(const std::string& path) {
  std::filesystem::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  return path;
}

TEST_CASE("service: if a start hook fails, the program prints its reason and exits with its status",
          "[integration][threads][lifecycle]") {
  const auto result = run_program("report-service", {"--port", "0", "--report", "/nonexistent/report"});
  CHECK(result.status == 3);
  CHECK(result.error.find("start failed") != std::string::npos);
  CHECK(result.error.find("cannot read /nonexistent/report: No such file or directory") != std::string::npos);

  const auto directory = run_program("report-service", {"--port", "0", "--report", "/"});
  CHECK(directory.status == 3);
  CHECK(directory.error.find("cannot read /: Is a directory") != std::string::npos);
}

TEST_CASE("service: blocking work that does not return delays neither responses nor the exit",
          "[integration][threads][lifecycle]") {
  temporary_directory directory;
  const auto path = directory.write("report", "first").string();
  running_program program{"report-service", {"--report", path, "--drain-seconds", "0"}};
  // The program also responds before it has read the report.
  REQUIRE(eventually([&] { return get(program.port(), "/readyz").status == 200; }));
  CHECK(get(program.port(), "/api/report").body == "first");
  CHECK(get(program.port(), "/api/report/now").body == "first");
  make_named_pipe(path);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(get(program.port(), "/api/report/now").status == 503);
  const auto duration = std::chrono::steady_clock::now() - begin;
  CHECK(duration >= 300ms);
  CHECK(duration < 2s);
  CHECK(get(program.port(), "/api/report").body == "first");
  CHECK(metric(program.port(), "cohort_blocking_running") == 1);
  const auto stop_start_time = std::chrono::steady_clock::now();
  CHECK(program.stop() == 0);
  CHECK(std::chrono::steady_clock::now() - stop_start_time < 5s);
  const auto line = program.process().wait_for_line("blocking job has not ended and is abandoned");
  CHECK(json_at(line, "/job") == "\"read report\"");
  CHECK(json_at(line, "/level") == "\"error\"");
}

/// Sends the same request on many connections, and returns the statuses of the responses.
std::map<int, int> get_on_connections(std::uint16_t port, std::string_view path, std::size_t count) {
  std::list<raw_connection> connections;
  while (connections.size() < count) connections.emplace_back(port);
  for (auto& connection : connections) connection.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n\r\n");
  std::map<int, int> statuses;
  for (auto& connection : connections) ++statuses[connection.read_response().status];
  return statuses;
}

TEST_CASE("service: blocking work that exceeds the capacity of the queue is rejected, and the service recovers",
          "[integration][threads][lifecycle]") {
  temporary_directory directory;
  const auto path = directory.write("report", "first").string();
  // The concurrency limit would reject the requests before they reach the queue.
  running_program program{"report-service",
                          {"--report", path, "--blocking-threads", "1", "--concurrency-limit", "off"}};
  const auto port = program.port();
  REQUIRE(eventually([&] { return get(port, "/readyz").status == 200; }));
  CHECK(get(port, "/api/report/now").body == "first");
  make_named_pipe(path);
  CHECK(get(port, "/api/report/now").status == 503);
  REQUIRE(metric(port, "cohort_blocking_running") == 1);

  // Sends more requests than the capacity of the queue within 300 ms, after which the example times out. A slow machine
  // needs several attempts.
  constexpr std::size_t request_count = 400;
  CHECK(eventually([&] {
    CHECK(get_on_connections(port, "/api/report/now", request_count) == std::map<int, int>{{503, int{request_count}}});
    return metric(port, "cohort_blocking_rejected_total") > 0;
  }));
  const auto line = program.process().wait_for_line("blocking job rejected");
  CHECK(json_at(line, "/error") == "\"the queue for blocking work is full\"");
  // Requests without blocking work are not affected.
  CHECK(get(port, "/api/report").body == "first");
  // Jobs whose caller no longer waits are removed from the queue.
  CHECK(metric(port, "cohort_blocking_queued") == 0);
  CHECK(metric(port, "cohort_blocking_running") == 1);

  const auto blocking_path = path + ".old";
  std::filesystem::rename(path, blocking_path);
  directory.write("report", "second");
  // Ends the job that waits for a writer.
  std::ofstream{blocking_path};
  CHECK(eventually([&] { return get(port, "/api/report/now").body == "second"; }));
  CHECK(program.stop() == 0);
}

TEST_CASE("service: SIGTERM stops a program whose start hook does not return", "[integration][threads][lifecycle]") {
  temporary_directory directory;
  const auto path = make_named_pipe(directory.write("report", "").string());
  running_program program{"report-service", {"--report", path, "--drain-seconds", "0"}};
  CHECK(get(program.port(), "/livez").status == 200);
  CHECK(get(program.port(), "/readyz").status == 503);
  CHECK(get(program.port(), "/api/report").status == 503);
  CHECK(program.stop() == 0);
}

/// A pseudoterminal without input: a read blocks until `hang_up`, and then fails with EIO.
class terminal_without_input {
 public:
  terminal_without_input() : controller_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(controller_.get() >= 0);
    REQUIRE(::grantpt(controller_.get()) == 0);
    REQUIRE(::unlockpt(controller_.get()) == 0);
  }
  std::string path() const { return ::ptsname(controller_.get()); }
  void hang_up() { controller_ = file_descriptor{}; }

 private:
  file_descriptor controller_;
};

TEST_CASE("service: a start hook that fails after SIGTERM ends the drain delay, with its reason and status",
          "[integration][threads][lifecycle]") {
  terminal_without_input terminal;
  running_program program{"report-service", {"--report", terminal.path(), "--drain-delay", "3600"}};
  CHECK(get(program.port(), "/readyz").status == 503);
  program.process().signal(SIGTERM);
  program.process().wait_for_line("not ready, draining after a delay");
  terminal.hang_up();
  CHECK(program.process().wait_for_exit() == 3);
  const auto line = program.process().wait_for_line("start failed");
  CHECK(contains(json_at(line, "/error"), ": Input/output error"));
}

}  // namespace
}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
// Tests two replicas of each service behind the dashboard, which are restarted one by one under load. The name
// `localhost` resolves to the addresses of both replicas: 127.0.0.1 and ::1.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <memory>
#include <vector>

#include "tests/integration/process_resources.hpp"
#include "tests/integration/resilience/client_load.hpp"
#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

bool has_ipv6_loopback() {
  const file_descriptor socket{::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  return socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// Two processes of a service on one port.
class replicas {
 public:
  explicit replicas(std::string program, child_process::environment variables = {})
      : program_{std::move(program)}, variables_{std::move(variables)} {
    for (auto& replica : running_) start(replica);
  }

  std::string url() const { return "http://localhost:" + std::to_string(port_); }

  /// Restarts the replicas one by one, as an orchestrator does.
  void restart_replicas() {
    for (auto& replica : running_) {
      replica.process->signal(SIGTERM);
      CHECK(replica.process->wait_for_exit() == 0);
      start(replica);
    }
  }
  /// Returns the process IDs, to detect that a process was replaced.
  std::vector<pid_t> processes() const { return {running_[0].process->pid(), running_[1].process->pid()}; }

 private:
  struct replica {
    std::string host;
    std::unique_ptr<child_process> process{};
  };
  void start(replica& replica) {
    const std::vector<std::string> arguments{"--host",       replica.host, "--port",        std::to_string(port_),
                                             "--log-format", "json",       "--drain-delay", "1"};
    replica.process = std::make_unique<child_process>(program_path(program_), arguments, variables_);
    replica.process->wait_for_line("\"msg\":\"listening\"");
  }

  std::string program_;
  child_process::environment variables_;
  std::uint16_t port_ = free_port();
  std::array<replica, 2> running_{replica{"127.0.0.1"}, replica{"::1"}};
};

/// Returns whether all parts of the aggregate response are fresh.
bool is_fresh(const response& response) {
  if (response.status != 200) return false;
  const std::vector<std::string> parts{"time_service", "sysinfo_service", "weather_service"};
  return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return json_at(response.body, "/meta/" + part + "/state") == "\"fresh\"";
  });
}

TEST_CASE("rolling restart: every replica of time, sysinfo and weather restarts without a failed request",
          "[integration][threads][restart]") {
  if (!has_ipv6_loopback()) SKIP("the machine has no IPv6 loopback address for the second replica");
  replicas time{"time-service"};
  replicas sysinfo{"system-info-service"};
  replicas weather{"weather-service", {{"WEATHER_SAMPLE", "true"}}};
  // The dashboard would reject requests if a busy machine did not schedule it for 500 ms.
  running_program dashboard{"dashboard-service",
                            {},
                            {{"TIME_SERVICE_URL", time.url()},
                             {"SYSINFO_SERVICE_URL", sysinfo.url()},
                             {"WEATHER_SERVICE_URL", weather.url()},
                             {"CONCURRENCY_LIMIT", "off"}}};
  client_load load{dashboard.port(), "GET /api/aggregate HTTP/1.1\r\nHost: x\r\n\r\n", is_fresh};
  const auto processes_before = time.processes();
  for (auto* const service : {&time, &sysinfo, &weather}) service->restart_replicas();
  const auto processes_after = time.processes();
  CHECK(processes_before[0] != processes_after[0]);
  CHECK(processes_before[1] != processes_after[1]);
  load.wait_for_responses(load.responses() + 100);
  load.stop();
  CAPTURE(load.responses(), load.first_failure());
  CHECK(load.failures() == 0);
  CHECK(load.responses() > 500);
}

}  // namespace
}  // namespace cohort::test

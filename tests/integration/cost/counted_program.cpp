// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/cost/counted_program.hpp"

#include <csignal>
#include <fstream>
#include <list>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/integration/process_resources.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

/// Number of requests that fill the caches, the pools and the latency window that hedging needs.
constexpr int warm_up_request_count = 150;
constexpr int counted_request_count = 300;

/// The service on a free port, run by `command`, which may be empty. The service writes no log lines, because they
/// would add system calls to the measurement.
class counted_program {
 public:
  counted_program(std::vector<std::string> command, const counted_service& service,
                  child_process::environment variables = {})
      : path_(service.path), port_(free_port()) {
    command.push_back(program_path(service.program));
    // The watchdog of the loops runs at a fixed interval, independently of requests.
    for (const auto& argument :
         {std::string{"--port"}, std::to_string(port_), std::string{"--threads"}, std::string{"1"},
          std::string{"--log-level"}, std::string{"warn"}, std::string{"--loop-stall-ms"}, std::string{"0"}})
      command.push_back(argument);
    variables.insert(service.variables.begin(), service.variables.end());
    const std::vector<std::string> arguments(command.begin() + 1, command.end());
    process_ = std::make_unique<child_process>(command.front(), arguments, variables);
    const bool is_listening = eventually([this] {
      try {
        connections_.emplace_back(port_);
        return true;
      } catch (const std::runtime_error&) {
        return false;
      }
    });
    if (!is_listening) throw std::runtime_error(service.program + " does not listen");
    while (connections_.size() < static_cast<std::size_t>(service.connection_count)) connections_.emplace_back(port_);
  }

  /// Sends one request on each connection before it reads the responses. Returns the number of requests: `count`
  /// rounded up to a multiple of the number of connections.
  int send_requests(int count) {
    const auto request = "GET " + path_ + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int sent = 0;
    for (; sent < count; sent += static_cast<int>(connections_.size())) {
      for (auto& connection : connections_) connection.send(request);
      for (auto& connection : connections_) {
        const auto result = connection.read_response();
        if (result.status != 200) throw std::runtime_error(path_ + ": status " + std::to_string(result.status));
      }
    }
    return sent;
  }

  /// Stops the program. Returns the standard error output of the program and of `command`.
  std::string stop() {
    connections_.clear();
    process_->signal(SIGTERM);
    process_->wait_for_exit();
    return process_->error_output();
  }

 private:
  std::string path_;
  std::uint16_t port_;
  std::unique_ptr<child_process> process_;
  std::list<raw_connection> connections_;
};

/// Returns the increase of `count_of` per counted request.
template <class Count>
double cost_per_request(Count count_of) {
  const auto before = count_of(warm_up_request_count);
  const auto after = count_of(warm_up_request_count + counted_request_count);
  return (after - before) / counted_request_count;
}

/// Returns the instruction count of callgrind's line `==1234== Collected : 12345`.
double parse_instruction_count(const std::string& output) {
  const std::string label = "Collected : ";
  const auto found = output.find(label);
  if (found == std::string::npos) throw std::runtime_error("callgrind has not counted any instruction: " + output);
  return std::stod(output.substr(found + label.size()));
}

std::uint64_t read_counter(const std::filesystem::path& file) {
  std::uint64_t count = 0;
  std::ifstream{file, std::ios::binary}.read(reinterpret_cast<char*>(&count), sizeof count);
  return count;
}

}  // namespace

std::optional<std::string> find_tool(const std::string& name) {
  auto path = "/usr/bin/" + name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

double count_calls(const std::filesystem::path& summary, const std::string& name) {
  std::ifstream file{summary};
  for (std::string line; std::getline(file, line);) {
    if (!line.ends_with(' ' + name)) continue;
    std::istringstream columns{line};
    double percent = 0;
    double seconds = 0;
    double microseconds_per_call = 0;
    double calls = 0;
    if (columns >> percent >> seconds >> microseconds_per_call >> calls) return calls;
  }
  throw std::runtime_error("the summary of strace has no line for " + name);
}

double allocations_per_request(const counted_service& service) {
  const temporary_directory directory;
  const auto file = directory.path() / "allocations";
  counted_program program{
      {}, service, {{"LD_PRELOAD", COHORT_COUNT_ALLOCATIONS_PRELOAD}, {"COHORT_ALLOCATIONS_FILE", file.string()}}};
  program.send_requests(warm_up_request_count);
  const auto before = read_counter(file);
  const int request_count = program.send_requests(counted_request_count);
  const auto after = read_counter(file);
  return static_cast<double>(after - before) / request_count;
}

double system_calls_per_request(const counted_service& service, const std::string& strace) {
  const temporary_directory directory;
  const auto summary = directory.path() / "summary";
  return cost_per_request([&](int request_count) {
    // With -D, the child process is the service, and receives the signal that stops the program.
    counted_program program{{strace, "-D", "-f", "-c", "-o", summary.string()}, service};
    program.send_requests(request_count);
    program.stop();
    return count_calls(summary, "total");
  });
}

double instructions_per_request(const counted_service& service, const std::string& valgrind) {
  return cost_per_request([&](int request_count) {
    counted_program program{{valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"}, service};
    program.send_requests(request_count);
    return parse_instruction_count(program.stop());
  });
}

}  // namespace cohort::test

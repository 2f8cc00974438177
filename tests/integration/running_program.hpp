// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/http/http_exchange.hpp"
#include "tests/support/sanitizers.hpp"

namespace cohort::test {

/// Returns the path of a built program.
std::string program_path(const std::string& name);

/// A limit of file descriptors, soft and hard (`ulimit -n`). A separate type, so that `{}` does not convert to it.
struct descriptor_limit {
  explicit descriptor_limit(unsigned count) : count(count) {}
  unsigned count;
};

/// A running program of this project, on ports that the system chooses. The log of the program contains the ports.
class running_program {
 public:
  explicit running_program(const std::string& name, std::vector<std::string> arguments = {},
                           child_process::environment variables = {});
  running_program(const std::string& name, descriptor_limit limit, std::vector<std::string> arguments = {});

  /// Returns the port of the service with the program's name.
  std::uint16_t port() { return port_of(name_); }
  std::uint16_t port_of(const std::string& service);
  std::string url() { return "http://127.0.0.1:" + std::to_string(port()); }

  child_process& process() noexcept { return process_; }
  /// Sends SIGTERM and waits. Returns the exit status.
  int stop();

 private:
  std::string name_;
  child_process process_;
};

/// Exit status and outputs of a program.
struct program_result {
  int status;
  std::string output;
  std::string error;
};
/// Runs a program until it exits.
program_result run_program(const std::string& name, const std::vector<std::string>& arguments = {},
                           const child_process::environment& variables = {});

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Returns the value of a series at `/metrics`, or -1 if there is none.
double metric(std::uint16_t port, const std::string& series);

/// Returns the value at a JSON pointer, as JSON, or "(none)" if there is none. Throws if the body is not JSON.
std::string json_at(const std::string& body, const std::string& pointer);

}  // namespace cohort::test

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/http_exchange.hpp"

namespace cohort::test {

/// The path of a program as it was built.
std::string program_path(const std::string& name);

/// One of the project's programs, on ports that the system chose, told apart by what it logs.
class running_program {
 public:
  explicit running_program(const std::string& name, std::vector<std::string> arguments = {},
                           child_process::environment variables = {});

  /// Of the only service, or of the one of that name.
  std::uint16_t port() { return port_of(name_); }
  std::uint16_t port_of(const std::string& service);
  std::string url() { return "http://127.0.0.1:" + std::to_string(port()); }

  child_process& process() noexcept { return process_; }
  /// SIGTERM, then its exit status.
  int stop();

 private:
  std::string name_;
  child_process process_;
};

/// What a program that ends by itself did: its status and its outputs.
struct finished_program {
  int status;
  std::string output;
  std::string error;
};
finished_program run_program(const std::string& name, const std::vector<std::string>& arguments = {},
                             const child_process::environment& variables = {});

/// A value of the Prometheus text at `/metrics`: the sample whose line begins with `series` and a space; -1 if none.
double metric(std::uint16_t port, const std::string& series);

/// A JSON pointer into a body, as minified JSON; "(none)" if it leads nowhere. Throws if the body is not JSON.
std::string json_at(const std::string& body, const std::string& pointer);

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/running_program.hpp"

#include <simdjson.h>

#include <csignal>
#include <sstream>
#include <stdexcept>

namespace cohort::test {
namespace {

std::vector<std::string> with_default_flags(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--port", "0", "--log-format", "json"});
  return arguments;
}

/// Returns the arguments of a shell that sets the limit and then executes the program.
std::vector<std::string> with_limit_command(const std::string& name, descriptor_limit limit,
                                            std::vector<std::string> arguments) {
  arguments = with_default_flags(std::move(arguments));
  const auto command = "ulimit -n " + std::to_string(limit.count) + R"( && exec "$0" "$@")";
  arguments.insert(arguments.begin(), {"-c", command, program_path(name)});
  return arguments;
}

}  // namespace

std::string program_path(const std::string& name) { return std::string{COHORT_PROGRAMS} + "/" + name; }

running_program::running_program(const std::string& name, std::vector<std::string> arguments,
                                 child_process::environment variables)
    : name_(name), process_(program_path(name), with_default_flags(std::move(arguments)), variables) {}

running_program::running_program(const std::string& name, descriptor_limit limit, std::vector<std::string> arguments)
    : name_(name), process_("/bin/sh", with_limit_command(name, limit, std::move(arguments))) {}

std::uint16_t running_program::port_of(const std::string& service) {
  const auto line = process_.wait_for_line([&](std::string_view text) {
    return text.find("\"msg\":\"listening\"") != std::string_view::npos &&
           text.find("\"service\":\"" + service + "\"") != std::string_view::npos;
  });
  const auto url = json_at(line, "/url");
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

int running_program::stop() {
  process_.signal(SIGTERM);
  return process_.wait_for_exit();
}

program_result run_program(const std::string& name, const std::vector<std::string>& arguments,
                           const child_process::environment& variables) {
  child_process program{program_path(name), arguments, variables};
  const int status = program.wait_for_exit();
  return {status, program.output(), program.error_output()};
}

double metric(std::uint16_t port, const std::string& series) {
  std::istringstream lines{get(port, "/metrics").body};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

std::string json_at(const std::string& body, const std::string& pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body).get(root) != simdjson::SUCCESS) throw std::runtime_error("not JSON: " + body);
  simdjson::dom::element found;
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(none)";
  return simdjson::minify(found);
}

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"

namespace cohort::test {

/// A service whose requests are counted.
struct counted_service {
  std::string program;
  std::string path;
  child_process::environment variables;
  /// A request is sent on each connection before the responses are read.
  int connection_count = 1;
};

/// Returns the path of a program in /usr/bin; the result is empty if it is not installed.
std::optional<std::string> find_tool(const std::string& name);

/// Returns the number of calls of a system call, or of all system calls (`total`), in the summary of `strace -c -o`.
/// The count is the fourth number of the line, such as `100.00 0.004163 1 3052 123 total`. Throws if there is no such
/// line.
double count_calls(const std::filesystem::path& summary, const std::string& name);

/// Returns the cost of one request on a keep-alive connection, without the start of the service and its first requests.
/// The service has one event loop and no access log.
double allocations_per_request(const counted_service& service);
double system_calls_per_request(const counted_service& service, const std::string& strace);
double instructions_per_request(const counted_service& service, const std::string& valgrind);

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#include "tests/integration/process_resources.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "tests/support/net/socket.hpp"

namespace cohort::test {
namespace {

std::filesystem::path proc_directory(pid_t process) { return "/proc/" + std::to_string(process); }

}  // namespace

std::size_t open_descriptors(pid_t process) {
  const std::filesystem::directory_iterator entries{proc_directory(process) / "fd"};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t memory_kib(pid_t process, const std::string& name) {
  std::ifstream status{proc_directory(process) / "status"};
  for (std::string word; status >> word;) {
    std::size_t value = 0;
    if (word == name + ":" && status >> value) return value;
  }
  throw std::runtime_error("no " + name + " of process " + std::to_string(process));
}

std::uint16_t free_port() { return local_port(listen_loopback(1)); }

}  // namespace cohort::test

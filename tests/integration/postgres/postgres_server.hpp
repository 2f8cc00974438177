// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {

/// A PostgreSQL server in a temporary directory, on a free port of the loopback interface. The server runs as another
/// user if this process is root, because PostgreSQL refuses to run as root.
class postgres_server {
 public:
  static constexpr const char* user = "ada";
  static constexpr const char* password = "correct-horse";

  /// Returns the directory of the server's programs; the result is empty if PostgreSQL is not installed.
  static std::filesystem::path program_directory();
  /// Returns the server of this test program, started by the first call.
  static postgres_server& shared();

  postgres_server();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  void start();
  /// Stops the server, and ends open sessions immediately (the fast shutdown of `pg_ctl`).
  void stop();

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return url_with_password(password); }
  std::string url_with_password(const std::string& user_password) const;

 private:
  std::unique_ptr<child_process> run(const std::string& program, const std::vector<std::string>& arguments) const;

  temporary_directory directory_;
  std::uint16_t port_;
  std::unique_ptr<child_process> process_;
};

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cohort/config/options.hpp>

namespace cohort::config {

/// Settings of each type.
struct sample_program {
  std::uint16_t port = 5001;
  std::string level = "info";
  std::string name = "nobody";
  std::string token = "unset";
  std::optional<std::int64_t> workers;
  bool verbose = false;
  bool dry_run = false;
  options settings{"sample-service", "Demonstrates options.", "1.2.3"};

  sample_program() {
    settings.add(port, {"--port", "SAMPLE_PORT", "Port to listen on"}, config::port(), "5001");
    settings.add(level, {"--log-level", "SAMPLE_LOG_LEVEL", "Minimum log level"}, one_of({"debug", "info"}), "info");
    settings.add(name, {"--name", "", "Name of the service"}, text());
    settings.add_secret(token, {"--token", "SAMPLE_TOKEN", "Token for the provider"});
    settings.add(workers, {"--workers", "SAMPLE_WORKERS", "Number of workers"}, integer(1, 64), "one per CPU");
    settings.add_switch(verbose, "--verbose", "Print more messages");
    settings.add_switch(dry_run, {"--dry-run", "SAMPLE_DRY_RUN", "Make no changes"});
  }

  std::optional<early_exit> parse(std::vector<std::string> flags, const environment& variables = {}) {
    std::vector<const char*> argv{"/usr/bin/sample-service"};
    for (const auto& flag : flags) argv.push_back(flag.c_str());
    return settings.parse(static_cast<int>(argv.size()), argv.data(), variables);
  }
};

/// Checks that `exit` is a usage error of one line, and returns the line.
inline std::string usage_error_line(const std::optional<early_exit>& exit) {
  REQUIRE(exit.has_value());
  CHECK(exit->status == 2);
  CHECK(std::count(exit->text.begin(), exit->text.end(), '\n') == 1);
  CHECK(exit->text.back() == '\n');
  CHECK_THAT(exit->text, Catch::Matchers::StartsWith("sample-service: "));
  return exit->text.substr(0, exit->text.size() - 1);
}

}  // namespace cohort::config

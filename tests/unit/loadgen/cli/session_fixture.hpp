// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "loadgen/cli/session.hpp"
#include "tests/unit/loadgen/cli/parsed_command.hpp"
#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort::test {

inline constexpr const char* default_target = "--target=site=http://192.0.2.80/";

class session_fixture : public load_fixture {
 public:
  std::string status_output;
  std::string report_output;

  /// Returns the exit status; 104 if the preparation fails.
  int run_session(const loadgen::run_configuration& configuration, std::optional<duration> interrupt_after = {}) {
    loadgen::console console;
    console.write_status = [this](std::string_view text) { status_output += text; };
    console.write_report = [this](std::string_view text) { report_output += text; };
    const auto run_environment = environment();
    loadgen::session session{configuration, run_environment, console};
    if (const auto error = session.prepare()) {
      status_output += *error;
      return loadgen::exit_invalid_arguments;
    }
    std::optional<spawned_task<>> interrupt_task;
    if (interrupt_after) interrupt_task.emplace(time, interrupt(session, *interrupt_after));
    const int status = time.run(session.run());
    if (interrupt_task) interrupt_task->cancel();
    return status;
  }

 private:
  static task<> interrupt(loadgen::session& session, duration delay) {
    auto sleep_task = sleep_for(delay);
    co_await std::move(sleep_task);
    session.interrupt("Interrupted (SIGINT).");
  }
};

inline std::string read_content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

}  // namespace cohort::test

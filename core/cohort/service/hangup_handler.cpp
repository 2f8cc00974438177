// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/hangup_handler.hpp>

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace cohort::service {
namespace {

using telemetry::log_level;

/// Whether a standard descriptor is a terminal that no longer exists.
bool has_closed_terminal() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    termios attributes{};
    if (::tcgetattr(descriptor, &attributes) != 0 && errno == EIO) return true;
  }
  return false;
}

}  // namespace

hangup_handler::hangup_handler(loop& event_loop, const config::reloader& settings, telemetry::logger log)
    : settings_(settings), log_(std::move(log)), signals_(event_loop.context(), SIGHUP) {
  wait();
}

void hangup_handler::wait() {
  signals_.async_wait([this](error_code error, int) {
    if (error) return;
    if (has_closed_terminal()) {
      ::kill(::getpid(), SIGTERM);
    } else {
      reload();
    }
    wait();
  });
}

void hangup_handler::reload() const {
  if (settings_.is_empty()) log_.write(log_level::info, "SIGHUP ignored: no setting can be reloaded");
  for (const auto& [setting, result] : settings_.reload()) {
    if (result.outcome == config::reload_outcome::failed) {
      log_.write(log_level::error, "reload failed, the old value remains in use",
                 {{"setting", std::string_view{setting}}, {"error", std::string_view{result.error}}});
    } else {
      log_.write(
          log_level::info, "reloaded",
          {{"setting", std::string_view{setting}}, {"changed", result.outcome == config::reload_outcome::replaced}});
    }
  }
}

}  // namespace cohort::service

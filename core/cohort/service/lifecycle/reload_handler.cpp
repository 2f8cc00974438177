// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/reload_handler.hpp>

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

namespace cohort::service {
namespace {

using config::reload_outcome;
using telemetry::log_level;

/// Whether a standard descriptor refers to a terminal that no longer exists.
bool has_closed_terminal() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    termios attributes{};
    if (::tcgetattr(descriptor, &attributes) != 0 && errno == EIO) return true;
  }
  return false;
}

}  // namespace

reload_handler::reload_handler(loop& event_loop, config::reloader& settings,
                               const std::vector<telemetry::registry*>& registries, telemetry::logger log)
    : loop_(event_loop),
      settings_(settings),
      log_(std::move(log)),
      signals_(event_loop.context(), SIGHUP),
      watch_(settings.files()),
      notifications_(event_loop.context()),
      debounce_timer_(event_loop.timers(), this) {
  for (auto* registry : registries) add_metrics(*registry);
  wait_for_signal();
  if (settings_.files().empty()) return;
  // The stream descriptor owns and closes a duplicate of the descriptor.
  const int descriptor = watch_.descriptor() < 0 ? -1 : ::dup(watch_.descriptor());
  if (descriptor < 0) {
    log_.write(log_level::warn, "changes of files are not detected, because inotify is unavailable: use SIGHUP");
    return;
  }
  notifications_.assign(descriptor);
  wait_for_change();
  // The files may have changed since the program read them. The check runs on the loop.
  asio::post(event_loop.get_executor(), [this] { reload_changed(); });
}

void reload_handler::add_metrics(telemetry::registry& metrics) {
  for (const auto& setting : settings_.settings()) {
    const auto make_counter = [&](const char* result) {
      return &metrics.make_counter("cohort_setting_reloads_total",
                                   "Reloads of a setting, on SIGHUP and after changes of its files.",
                                   {{"setting", setting}, {"result", result}});
    };
    auto& success_gauge = metrics.make_gauge(
        "cohort_setting_last_reload_successful",
        "1 if the last reload of the setting succeeded, 0 if it failed and the old value remains in use.",
        {{"setting", setting}});
    success_gauge.add(1);
    metrics_.emplace(
        setting,
        setting_metrics{{make_counter("unchanged"), make_counter("replaced"), make_counter("failed")}, &success_gauge});
  }
}

void reload_handler::wait_for_signal() {
  signals_.async_wait([this](error_code error, int) {
    if (error) return;
    if (has_closed_terminal()) {
      ::kill(::getpid(), SIGTERM);
    } else {
      reload_all();
    }
    wait_for_signal();
  });
}

void reload_handler::wait_for_change() {
  notifications_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    if (watch_.consume()) {
      const auto now = loop_.now();
      if (!debounce_timer_.armed()) first_change_time_ = now;
      debounce_timer_.arm(std::min(now + quiet_period, first_change_time_ + max_delay));
    }
    wait_for_change();
  });
}

void reload_handler::reload_all() {
  if (settings_.is_empty()) log_.write(log_level::info, "SIGHUP ignored: no setting can be reloaded");
  for (const auto& reload_report : settings_.reload()) report(reload_report, true);
}

void reload_handler::reload_changed() {
  // The directories can contain other files, and a file can be written with the same content.
  for (const auto& reload_report : settings_.reload_changed()) report(reload_report, false);
}

void reload_handler::report(const config::reloader::report& report, bool logs_unchanged) {
  const auto& [setting, result] = report;
  const bool has_failed = result.outcome == reload_outcome::failed;
  const auto [begin, end] = metrics_.equal_range(setting);
  for (auto each = begin; each != end; ++each) {
    const auto& [reloads, success_gauge] = each->second;
    reloads[static_cast<std::size_t>(result.outcome)]->increment();
    success_gauge->add((has_failed ? 0 : 1) - success_gauge->value());
  }
  if (has_failed) {
    log_.write(log_level::error, "reload failed; the old value remains in use",
               {{"setting", std::string_view{setting}}, {"error", std::string_view{result.error}}});
  } else if (logs_unchanged || result.outcome == reload_outcome::replaced) {
    log_.write(log_level::info, "reloaded",
               {{"setting", std::string_view{setting}}, {"changed", result.outcome == reload_outcome::replaced}});
  }
}

}  // namespace cohort::service

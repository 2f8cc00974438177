// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <map>
#include <string>
#include <vector>

#include <cohort/config/reloader.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

/// Reloads settings when their files change and on each SIGHUP; logs and counts the results. If a terminal of the
/// process has been closed, SIGHUP stops the program like SIGTERM, because the user can no longer interrupt it.
///
/// Changes are collected until the files have not changed for `quiet_period`, because a certificate and its key are
/// two files. Metrics, one series for each setting: `cohort_setting_reloads_total{setting,result}`, with the results
/// `replaced`, `unchanged` and `failed`, and `cohort_setting_last_reload_successful{setting}`.
class reload_handler {
 public:
  static constexpr duration quiet_period = std::chrono::milliseconds{200};
  /// Maximum time from the first change to the reload, if the files keep changing.
  static constexpr duration max_delay = std::chrono::seconds{2};

  /// Installs the handler of SIGHUP, which replaces its default action. All arguments must outlive this object. The
  /// settings must be complete, and are reloaded on `event_loop`.
  reload_handler(loop& event_loop, config::reloader& settings, const std::vector<telemetry::registry*>& registries,
                 telemetry::logger log);
  reload_handler(const reload_handler&) = delete;
  reload_handler& operator=(const reload_handler&) = delete;

 private:
  /// The metrics of one setting in one registry.
  struct setting_metrics {
    /// Indexed by `config::reload_outcome`.
    std::array<telemetry::counter*, 3> reloads;
    telemetry::gauge* success_gauge;
  };

  void add_metrics(telemetry::registry& metrics);
  void wait_for_signal();
  void wait_for_change();
  void reload_all();
  void reload_changed();
  void report(const config::reloader::report& report, bool logs_unchanged);

  loop& loop_;
  config::reloader& settings_;
  telemetry::logger log_;
  std::multimap<std::string, setting_metrics> metrics_;
  asio::signal_set signals_;
  config::file_watch watch_;
  asio::posix::stream_descriptor notifications_;
  /// The time of the first change that has not been reloaded.
  time_point first_change_time_{};
  bound_timer<&reload_handler::reload_changed> debounce_timer_;
};

}  // namespace cohort::service

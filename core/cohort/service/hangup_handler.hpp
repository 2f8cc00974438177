// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/signal_set.hpp>

#include <cohort/config/reloader.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::service {

/// Reloads settings on each SIGHUP and logs the result. If a terminal that the process uses has been closed, SIGHUP
/// ends the program as SIGTERM does, since the user can no longer do that.
class hangup_handler {
 public:
  /// SIGHUP has no other effect from now on. `event_loop` and `settings` must outlive this; the settings are reloaded
  /// on that loop.
  hangup_handler(loop& event_loop, const config::reloader& settings, telemetry::logger log);
  hangup_handler(const hangup_handler&) = delete;
  hangup_handler& operator=(const hangup_handler&) = delete;

 private:
  void wait();
  void reload() const;

  const config::reloader& settings_;
  telemetry::logger log_;
  asio::signal_set signals_;
};

}  // namespace cohort::service

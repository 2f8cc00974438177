// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>
#include <optional>
#include <string>

#include <cohort/runtime/loop.hpp>

namespace cohort::loadgen {

/// The exit status after a signal.
inline constexpr int exit_interrupted = 105;

/// Handles the signals that terminate a process by default and can be handled: the first signal ends the run with a
/// report, and a later signal terminates the process. In both cases, temporary files are removed. Under `nohup`, SIGHUP
/// stays ignored.
class termination_signals {
 public:
  /// Installs handlers that terminate the process immediately, for the time before the run. Ignores SIGPIPE and
  /// SIGXFSZ, so that writes fail instead.
  static void handle_before_run() noexcept;

  /// `on_interrupt` is called once, on `event_loop`, with a sentence that contains the name of the signal.
  termination_signals(loop& event_loop, std::function<void(std::string)> on_interrupt);

 private:
  void wait();
  void on_signal(int number);

  loop& loop_;
  asio::signal_set signals_;
  std::function<void(std::string)> on_interrupt_;
  std::optional<time_point> first_signal_;
};

}  // namespace cohort::loadgen

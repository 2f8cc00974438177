// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/discovery/discovery_metrics.hpp>
#include <cohort/discovery/registrar.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::discovery {

/// Keeps one replica registered until the registration is stopped. Used on one loop.
class registration {
 public:
  static constexpr duration min_retry_delay = std::chrono::milliseconds{200};
  static constexpr duration max_retry_delay = std::chrono::milliseconds{12'800};

  /// `source` is a label of metrics and a field of log lines. `metrics` must outlive the registration.
  registration(std::unique_ptr<registrar> target, const std::string& source, telemetry::registry& metrics,
               telemetry::logger log);

  /// Registers the replica and renews it until `request_stop`; then deregisters it. May be called once.
  task<> run();
  /// Requests that `run` deregister the replica and return.
  void request_stop() { stop_.set(); }
  /// Waits until `run` has ended; returns immediately if `run` has not been started.
  task<> wait_until_ended(deadline wait_deadline);

 private:
  /// The delay between a renewal with this result and the next renewal.
  duration record(const std::optional<source_error>& error, unsigned failures);
  void log_error(telemetry::log_level level, std::string_view message, const source_error& error);

  std::unique_ptr<registrar> registrar_;
  std::string source_;
  registration_metrics metrics_;
  telemetry::logger log_;
  event stop_;
  event ended_;
  bool is_started_ = false;
  /// Whether the last renewal succeeded.
  bool is_registered_ = false;
  /// Whether a renewal has succeeded, so that the replica may be registered.
  bool was_registered_ = false;
};

}  // namespace cohort::discovery

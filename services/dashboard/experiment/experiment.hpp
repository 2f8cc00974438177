// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/experiment/fault_client.hpp"

namespace cohort::dashboard {

/// Measures the effect of deadlines. An experiment injects a fault into the weather service, sends two concurrent
/// requests to the services, and removes the fault. One request has a deadline, the other has the maximum timeout. Only
/// one experiment can run at a time. Thread-safe.
class experiment : public std::enable_shared_from_this<experiment> {
 public:
  /// The timeout of the calls without a deadline, and the maximum duration of an experiment.
  static constexpr duration max_wait = std::chrono::seconds{30};

  /// `on_change` is called with the current state, as JSON, after each change. The calls have the policies of
  /// `settings`, except for the circuit breaker, because other experiments would open it. `context` must outlive this
  /// object.
  experiment(const service::service_context& context, aggregator_settings settings,
             std::function<void(std::string_view json)> on_change);

  /// Starts an experiment on the current loop. Returns false while an experiment is running.
  bool start(const experiment_settings& settings);
  /// The state of the experiment, or of the last experiment, as described in `/openapi.json`.
  std::string state_json();

 private:
  enum class phase { idle, running, done, failed };
  /// One of the two aggregates of an experiment.
  struct measurement {
    struct arrival {
      std::string_view service;
      part_state state;
      duration elapsed;
    };
    duration timeout{};
    std::array<std::optional<arrival>, 3> arrivals;
    /// The record of the calls; empty until they have ended.
    std::string request;
  };

  static task<> run(std::shared_ptr<experiment> self, std::uint64_t number);
  static task<> measure(std::shared_ptr<experiment> self, std::size_t index);
  /// Ends the experiment with this number; has no effect if it has already ended.
  void finish(std::uint64_t number, phase outcome, std::string message);

  service::background_tasks& background_;
  telemetry::logger log_;
  std::shared_ptr<aggregator> aggregator_;
  fault_client faults_;
  std::function<void(std::string_view json)> on_change_;

  std::mutex mutex_;
  phase phase_ = phase::idle;
  experiment_settings settings_;
  time_point started_{};
  std::uint64_t number_ = 0;
  std::string message_;
  /// The measurement with a deadline, and the measurement without a deadline.
  std::array<measurement, 2> measurements_;
};

}  // namespace cohort::dashboard

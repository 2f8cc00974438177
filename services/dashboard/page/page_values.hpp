// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "services/dashboard/aggregator.hpp"

namespace cohort::dashboard {

/// The responses of the services for the initial HTML of the page. Thread-safe.
class page_values : public std::enable_shared_from_this<page_values> {
 public:
  struct snapshot {
    /// The response of each service; empty if the service has not responded yet.
    std::array<std::optional<part>, 3> parts;
    /// The record of the calls, as an element of `/api/requests`; empty until all calls have ended.
    std::string request;
  };

  page_values(service::background_tasks& background, std::shared_ptr<aggregator> services)
      : background_(background), services_(std::move(services)) {}

  /// Responses of the services, at most `max_age` old. Calls the services if the responses are older, once for all
  /// clients. Waits at most `max_wait` for the responses, so that a slow service does not delay the page.
  static task<snapshot> current(std::shared_ptr<page_values> self);

  static constexpr duration max_age = std::chrono::seconds{1};
  static constexpr duration max_wait = std::chrono::milliseconds{80};

 private:
  struct refresh;

  static task<> run(std::shared_ptr<page_values> self, std::shared_ptr<refresh> started);

  service::background_tasks& background_;
  std::shared_ptr<aggregator> services_;

  std::mutex mutex_;
  snapshot latest_;
  time_point started_{};
  bool has_started_ = false;
  bool is_running_ = false;
};

}  // namespace cohort::dashboard

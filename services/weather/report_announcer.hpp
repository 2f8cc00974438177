// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/messaging/broker_url.hpp>
#include <cohort/messaging/publisher.hpp>
#include <cohort/service/service.hpp>
#include "services/weather/providers/weather_report.hpp"

namespace cohort::weather {

/// Publishes new reports to a message broker, through a bounded outbox. Requests do not wait for the broker: if the
/// outbox is full, the report is dropped and counted, and the next report replaces it.
class report_announcer : public std::enable_shared_from_this<report_announcer> {
 public:
  report_announcer(const service::service_context& context, messaging::broker_endpoint endpoint,
                   location configured_location)
      : context_(context), endpoint_(std::move(endpoint)), configured_location_(std::move(configured_location)) {}

  /// Connects when the service starts; sends the remaining reports when it stops, for at most `stop_timeout`.
  void add_to(const service::service_context& context);
  /// Publishes a report; can be called on any loop of the service after the start.
  void announce(const weather_report& report);

  static constexpr duration stop_timeout = std::chrono::seconds{1};
  static constexpr std::size_t max_messages = 256;

 private:
  static task<> start(std::shared_ptr<report_announcer> self);
  static task<> stop(std::shared_ptr<report_announcer> self);

  service::service_context context_;
  messaging::broker_endpoint endpoint_;
  location configured_location_;
  std::shared_ptr<messaging::broker> broker_;
  std::shared_ptr<messaging::publisher> outbox_;
};

}  // namespace cohort::weather

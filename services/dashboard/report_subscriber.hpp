// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/messaging/broker_url.hpp>
#include <cohort/messaging/consumer.hpp>
#include <cohort/service/service.hpp>
#include "services/dashboard/event_feed.hpp"

namespace cohort::dashboard {

/// Receives new weather reports from a message broker, and publishes them to the event stream immediately, without
/// waiting for the next poll. The subscription has no group, because each replica has its own event stream clients. The
/// next poll delivers reports that were missed during an outage of the broker.
class report_subscriber : public std::enable_shared_from_this<report_subscriber> {
 public:
  report_subscriber(const service::service_context& context, messaging::broker_endpoint endpoint,
                    std::shared_ptr<event_feed> feed)
      : context_(context), endpoint_(std::move(endpoint)), feed_(std::move(feed)) {}

  /// Subscribes when the service starts.
  void add_to(const service::service_context& context);

 private:
  static task<> start(std::shared_ptr<report_subscriber> self);
  static task<> stop(std::shared_ptr<report_subscriber> self);

  service::service_context context_;
  messaging::broker_endpoint endpoint_;
  std::shared_ptr<event_feed> feed_;
  std::shared_ptr<messaging::broker> broker_;
};

}  // namespace cohort::dashboard

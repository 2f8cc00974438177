// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/messaging/error.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::messaging {

/// The metrics of one publisher. All series exist from the start, at zero.
class publisher_metrics {
 public:
  /// `registry` must outlive the metrics. `name` is the value of the label `publisher`.
  publisher_metrics(telemetry::registry& registry, const std::string& name);

  telemetry::gauge& outbox_messages;
  telemetry::gauge& outbox_capacity;
  telemetry::counter& confirmed;
  telemetry::counter& rejected;
  telemetry::counter& unroutable;
  telemetry::counter& expired;
  telemetry::counter& overloaded;
  /// Messages that were discarded when the publisher was closed.
  telemetry::counter& abandoned;
  telemetry::counter& retries;
  telemetry::histogram& confirm_duration;
};

}  // namespace cohort::messaging

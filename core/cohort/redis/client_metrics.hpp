// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/telemetry/call_metrics.hpp>

namespace cohort::redis {

/// The metrics `cohort_redis_*` of one client. All series exist from the start, at zero.
class client_metrics {
 public:
  /// `registry` must outlive the metrics.
  client_metrics(telemetry::registry& registry, const std::string& upstream);

  /// The outcome is `ok` or a result of `error_class`.
  telemetry::call_metrics calls;
  telemetry::gauge& connections;
  telemetry::counter& connects_succeeded;
  telemetry::counter& connects_failed;
  telemetry::counter& messages;
  telemetry::counter& dropped_messages;
};

}  // namespace cohort::redis

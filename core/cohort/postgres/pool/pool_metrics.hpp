// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/telemetry/call_metrics.hpp>

namespace cohort::postgres {

/// The metrics `cohort_postgres_*` of one pool. All series exist from the start, at zero.
class pool_metrics {
 public:
  /// `registry` must outlive the metrics.
  pool_metrics(telemetry::registry& registry, const std::string& upstream);

  /// The outcome is `ok` or a result of `error_class`.
  telemetry::call_metrics calls;
  telemetry::gauge& waiting;
  telemetry::gauge& connections_open;
  telemetry::gauge& connections_idle;
  telemetry::counter& connects_succeeded;
  telemetry::counter& connects_failed;
  telemetry::counter& retries;
  telemetry::counter& resets_succeeded;
  telemetry::counter& resets_failed;
  telemetry::histogram& wait_durations;
};

}  // namespace cohort::postgres

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <cohort/postgres/error.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::postgres {

/// The metrics `cohort_postgres_*` of one pool. All series exist from the start, at zero.
class pool_metrics {
 public:
  /// `registry` must outlive the metrics.
  pool_metrics(telemetry::registry& registry, const std::string& upstream);

  /// Records the end of a call. `outcome` is `ok` or a result of `error_class`.
  void record_call(std::string_view outcome, duration elapsed, const telemetry::trace_context& trace, time_point now);

  telemetry::gauge& in_flight;
  telemetry::gauge& waiting;
  telemetry::gauge& connections_open;
  telemetry::gauge& connections_idle;
  telemetry::counter& connects_succeeded;
  telemetry::counter& connects_failed;
  telemetry::counter& retries;
  telemetry::counter& resets_succeeded;
  telemetry::counter& resets_failed;
  telemetry::histogram& wait_durations;

 private:
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, 11> calls_;
};

}  // namespace cohort::postgres

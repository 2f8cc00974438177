// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <cohort/redis/error.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::redis {

/// The metrics `cohort_redis_*` of one client. All series exist from the start, at zero.
class client_metrics {
 public:
  /// `registry` must outlive the metrics.
  client_metrics(telemetry::registry& registry, const std::string& upstream);

  /// Records the end of a call. `outcome` is `ok` or a result of `error_class`.
  void record_call(std::string_view outcome, duration elapsed, const telemetry::trace_context& trace, time_point now);

  telemetry::gauge& in_flight;
  telemetry::gauge& connections;
  telemetry::counter& connects_succeeded;
  telemetry::counter& connects_failed;
  telemetry::counter& messages;
  telemetry::counter& dropped_messages;

 private:
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, 9> calls_;
};

}  // namespace cohort::redis

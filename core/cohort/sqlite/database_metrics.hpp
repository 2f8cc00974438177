// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <cohort/sqlite/error.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::sqlite {

/// The metrics `cohort_sqlite_*` of one database. All series exist from the start, at zero.
class database_metrics {
 public:
  /// `registry` must outlive the metrics.
  database_metrics(telemetry::registry& registry, const std::string& upstream);

  /// Records the end of a call. `outcome` is `ok` or a result of `error_class`.
  void record_call(std::string_view outcome, duration elapsed, const telemetry::trace_context& trace, time_point now);

  telemetry::gauge& in_flight;

 private:
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, 9> calls_;
};

}  // namespace cohort::sqlite

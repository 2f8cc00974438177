// SPDX-License-Identifier: BSL-1.0
#include <cohort/sqlite/database_metrics.hpp>

#include <algorithm>
#include <chrono>

namespace cohort::sqlite {
namespace {

constexpr std::array<std::string_view, 9> outcomes{"ok",   "constraint", "busy",    "disk_full", "timeout",
                                                   "shed", "cancelled",  "invalid", "failed"};

}  // namespace

database_metrics::database_metrics(telemetry::registry& registry, const std::string& upstream)
    : in_flight(registry.make_gauge("cohort_sqlite_in_flight", "SQLite calls in flight, including waiting ones.",
                                    {{"upstream", upstream}})),
      durations_(registry.make_histogram("cohort_sqlite_request_duration_seconds",
                                         "Duration of a SQLite call or transaction with its wait, in seconds.",
                                         {{"upstream", upstream}})) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    calls_[i] = &registry.make_counter("cohort_sqlite_requests_total", "SQLite calls and transactions, by outcome.",
                                       {{"upstream", upstream}, {"outcome", std::string{outcomes[i]}}});
  }
}

void database_metrics::record_call(std::string_view outcome, duration elapsed, const telemetry::trace_context& trace,
                                   time_point now) {
  const auto found = std::find(outcomes.begin(), outcomes.end(), outcome);
  calls_[static_cast<std::size_t>(found - outcomes.begin())]->increment();
  durations_.observe(std::chrono::duration<double>(elapsed).count(), trace, now);
}

}  // namespace cohort::sqlite

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <cohort/http/client/client_response.hpp>
#include <cohort/http/client/connection/connection_pool.hpp>
#include <cohort/policy/circuit_breaker.hpp>
#include <cohort/policy/retry/retry.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

/// The metrics `cohort_client_*` of one upstream. All series exist from the start, at zero.
class upstream_metrics {
 public:
  /// `registry` must outlive the metrics.
  upstream_metrics(telemetry::registry& registry, const std::string& upstream);

  /// Records the end of a call. `trace` may become the histogram's exemplar; `now` is the time of the calling loop.
  void record_call(const client_result& result, duration elapsed, const telemetry::trace_context& trace,
                   time_point now);
  void record_retry(policy::retry_verdict verdict) { retries_[static_cast<std::size_t>(verdict)]->increment(); }
  void record_breaker_created() { breakers_[0]->add(1); }
  void record_breaker_transition(policy::circuit_breaker::state from, policy::circuit_breaker::state to);
  /// Records one loop's change since its last report.
  void record_addresses(const connection_pool::address_counts& before, const connection_pool::address_counts& now);

  telemetry::counter& attempts;
  telemetry::counter& stale_connections;
  telemetry::counter& hedges_sent;
  telemetry::counter& hedges_won;
  telemetry::counter& hedges_refused;
  telemetry::gauge& in_flight;

 private:
  static constexpr std::size_t outcome_count = 14;
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, outcome_count> calls_;
  std::array<telemetry::counter*, policy::retry_verdict_count> retries_;
  std::array<telemetry::gauge*, 3> breakers_;
  std::array<telemetry::counter*, 3> transitions_;
  telemetry::gauge& addresses_known_;
  telemetry::gauge& addresses_ejected_;
  telemetry::counter& ejections_;
};

/// The outcome of a call as a metric label: `ok` (status below 400), `client_error` (below 500), `timeout` (504
/// included), `server_error` (500 and above), otherwise the class of the error.
std::string_view outcome_label(const client_result& result) noexcept;

}  // namespace cohort::http

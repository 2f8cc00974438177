#pragma once

#include <array>
#include <string>

#include "core/http/client.hpp"
#include "core/policy/circuit_breaker.hpp"
#include "core/policy/retry.hpp"
#include "core/telemetry/metrics.hpp"

namespace cohort::http {

/// One upstream's `cohort_client_*`. All series are there from the start, at zero.
class upstream_metrics {
 public:
  upstream_metrics(telemetry::registry& all, const std::string& upstream);

  /// A call has ended: `ok`, `client_error`, `server_error` or (504) `timeout` by its status, else the error's class.
  /// `trace` may become an exemplar; `now` is the calling loop's time.
  void on_call(const client::outcome& ended, duration took, const telemetry::trace_context& trace, time_point now);
  void on_retry(policy::retry_verdict verdict) { retries_[static_cast<std::size_t>(verdict)]->increment(); }
  void on_breaker(policy::circuit_breaker::state from, policy::circuit_breaker::state to);
  void on_breaker_made() { breakers_[0]->add(1); }
  /// Of one loop: what changed since it last told.
  void on_addresses(const connection_pool::address_counts& before, const connection_pool::address_counts& now);

  /// Requests sent, retries and hedges included.
  telemetry::counter& attempts;
  telemetry::counter& hedges_sent;
  telemetry::counter& hedges_won;
  telemetry::counter& hedges_refused;
  telemetry::gauge& in_flight;

 private:
  static constexpr std::size_t outcomes = 14;
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, outcomes> calls_;
  std::array<telemetry::counter*, policy::retry_verdicts> retries_;
  std::array<telemetry::gauge*, 3> breakers_;
  std::array<telemetry::counter*, 3> transitions_;
  telemetry::gauge& addresses_known_;
  telemetry::gauge& addresses_ejected_;
  telemetry::counter& ejections_;
};

/// How a call ended, in one word: see `on_call`.
std::string_view outcome_word(const client::outcome& ended) noexcept;

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_metrics.hpp>

#include <algorithm>

#include <cohort/http/client/upstream/upstream_outcomes.hpp>

namespace cohort::http {
namespace {

using breaker_state = policy::circuit_breaker::state;

constexpr const auto& outcomes = upstream_outcomes;
constexpr std::array breaker_states{breaker_state::closed, breaker_state::open, breaker_state::half_open};

}  // namespace

std::string_view outcome_label(const client_result& result) noexcept {
  if (is_timeout(result)) return "timeout";
  if (!result) return error_class(result.error());
  if (result->status_code() >= 500) return "server_error";
  return result->status_code() >= 400 ? "client_error" : "ok";
}

upstream_metrics::upstream_metrics(telemetry::registry& registry, const std::string& upstream)
    : attempts(registry.make_counter("cohort_client_attempts_total",
                                     "Requests sent to an upstream, including retries and hedges.",
                                     {{"upstream", upstream}})),
      stale_connections(
          registry.make_counter("cohort_client_stale_connections_total",
                                "Requests resent on a new connection because the upstream had closed the idle "
                                "connection. They are not retries, and are not charged to the retry budget.",
                                {{"upstream", upstream}})),
      hedges_sent(registry.make_counter("cohort_client_hedges_total",
                                        "Hedged requests: sent because the first request was slow, by result.",
                                        {{"upstream", upstream}, {"result", "sent"}})),
      hedges_won(registry.make_counter("cohort_client_hedges_total", "", {{"upstream", upstream}, {"result", "won"}})),
      hedges_refused(
          registry.make_counter("cohort_client_hedges_total", "", {{"upstream", upstream}, {"result", "no_budget"}})),
      in_flight(
          registry.make_gauge("cohort_client_in_flight", "Calls to an upstream in flight.", {{"upstream", upstream}})),
      durations_(registry.make_histogram("cohort_client_request_duration_seconds",
                                         "Duration of a call to an upstream over all attempts, in seconds.",
                                         {{"upstream", upstream}})),
      addresses_known_(registry.make_gauge("cohort_client_addresses",
                                           "Addresses of an upstream's host name, summed over all loops, by state.",
                                           {{"upstream", upstream}, {"state", "known"}})),
      addresses_ejected_(
          registry.make_gauge("cohort_client_addresses", "", {{"upstream", upstream}, {"state", "ejected"}})),
      ejections_(registry.make_counter("cohort_client_ejections_total",
                                       "Ejections of addresses from load balancing after consecutive failures.",
                                       {{"upstream", upstream}})) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    calls_[i] = &registry.make_counter("cohort_client_requests_total", "Calls to an upstream, by outcome.",
                                       {{"upstream", upstream}, {"outcome", std::string{outcomes[i]}}});
  }
  for (std::size_t i = 0; i < retries_.size(); ++i) {
    const auto verdict = std::string{policy::to_string(static_cast<policy::retry_verdict>(i))};
    retries_[i] = &registry.make_counter("cohort_client_retries_total",
                                         "Failed attempts, by verdict: retried, or the reason for not retrying.",
                                         {{"upstream", upstream}, {"verdict", verdict}});
  }
  for (const auto state : breaker_states) {
    const auto index = static_cast<std::size_t>(state);
    const auto name = std::string{policy::to_string(state)};
    breakers_[index] =
        &registry.make_gauge("cohort_client_breaker_state", "Circuit breakers of an upstream, one per loop, by state.",
                             {{"upstream", upstream}, {"state", name}});
    transitions_[index] = &registry.make_counter("cohort_client_breaker_transitions_total",
                                                 "State transitions of circuit breakers, by new state.",
                                                 {{"upstream", upstream}, {"to", name}});
  }
}

void upstream_metrics::record_call(const client_result& result, duration elapsed, const telemetry::trace_context& trace,
                                   time_point now) {
  const auto found = std::find(outcomes.begin(), outcomes.end(), outcome_label(result));
  calls_[static_cast<std::size_t>(found - outcomes.begin())]->increment();
  durations_.observe(to_seconds(elapsed), trace, now);
}

void upstream_metrics::record_breaker_transition(breaker_state from, breaker_state to) {
  if (from == to) return;
  breakers_[static_cast<std::size_t>(from)]->add(-1);
  breakers_[static_cast<std::size_t>(to)]->add(1);
  transitions_[static_cast<std::size_t>(to)]->increment();
}

void upstream_metrics::record_addresses(const connection_pool::address_counts& before,
                                        const connection_pool::address_counts& now) {
  const auto difference = [](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to) - static_cast<double>(from);
  };
  if (now.known != before.known) addresses_known_.add(difference(before.known, now.known));
  if (now.ejected != before.ejected) addresses_ejected_.add(difference(before.ejected, now.ejected));
  if (now.ejections != before.ejections) ejections_.increment(difference(before.ejections, now.ejections));
}

}  // namespace cohort::http

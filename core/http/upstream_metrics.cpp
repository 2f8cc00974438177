#include "core/http/upstream_metrics.hpp"

#include <algorithm>

namespace cohort::http {
namespace {

using breaker_state = policy::circuit_breaker::state;

constexpr std::array<std::string_view, 14> words{"ok",       "client_error", "server_error", "timeout", "open",
                                                 "shed",     "connect",      "dns",          "tls",     "reset",
                                                 "protocol", "too_big",      "cancelled",    "bad_url"};
constexpr std::array breaker_states{breaker_state::closed, breaker_state::open, breaker_state::half_open};

}  // namespace

std::string_view outcome_word(const client::outcome& ended) noexcept {
  if (was_late(ended)) return "timeout";
  if (!ended) return error_class(ended.error());
  if (ended->code_number >= 500) return "server_error";
  return ended->code_number >= 400 ? "client_error" : "ok";
}

upstream_metrics::upstream_metrics(telemetry::registry& all, const std::string& upstream)
    : attempts(all.make_counter("cohort_client_attempts_total",
                                "Requests sent to an upstream, retries and hedges included.",
                                {{"upstream", upstream}})),
      hedges_sent(all.make_counter("cohort_client_hedges_total", "Second requests beside a slow first one.",
                                   {{"upstream", upstream}, {"result", "sent"}})),
      hedges_won(all.make_counter("cohort_client_hedges_total", "", {{"upstream", upstream}, {"result", "won"}})),
      hedges_refused(
          all.make_counter("cohort_client_hedges_total", "", {{"upstream", upstream}, {"result", "no_budget"}})),
      in_flight(all.make_gauge("cohort_client_in_flight", "Calls to an upstream under way.", {{"upstream", upstream}})),
      durations_(all.make_histogram("cohort_client_request_duration_seconds",
                                    "Time of a call to an upstream, all of its attempts together.",
                                    {{"upstream", upstream}})),
      addresses_known_(all.make_gauge("cohort_client_addresses",
                                      "Addresses of an upstream's name, added up over the loops.",
                                      {{"upstream", upstream}, {"state", "known"}})),
      addresses_ejected_(all.make_gauge("cohort_client_addresses", "", {{"upstream", upstream}, {"state", "ejected"}})),
      ejections_(all.make_counter("cohort_client_ejections_total", "Addresses left out for failing again and again.",
                                  {{"upstream", upstream}})) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    calls_[i] = &all.make_counter("cohort_client_requests_total", "Calls to an upstream, by how they ended.",
                                  {{"upstream", upstream}, {"outcome", std::string{words[i]}}});
  }
  for (std::size_t i = 0; i < retries_.size(); ++i) {
    const auto verdict = std::string{policy::name_of(static_cast<policy::retry_verdict>(i))};
    retries_[i] = &all.make_counter("cohort_client_retries_total", "Failed attempts: tried again, or why not.",
                                    {{"upstream", upstream}, {"verdict", verdict}});
  }
  for (const auto each : breaker_states) {
    const auto index = static_cast<std::size_t>(each);
    const auto name = std::string{policy::name_of(each)};
    breakers_[index] = &all.make_gauge("cohort_client_breaker_state", "Loops whose circuit breaker is in that state.",
                                       {{"upstream", upstream}, {"state", name}});
    transitions_[index] = &all.make_counter("cohort_client_breaker_transitions_total", "Changes of circuit breakers.",
                                            {{"upstream", upstream}, {"to", name}});
  }
}

void upstream_metrics::on_call(const client::outcome& ended, duration took, const telemetry::trace_context& trace,
                               time_point now) {
  const auto found = std::find(words.begin(), words.end(), outcome_word(ended));
  calls_[static_cast<std::size_t>(found - words.begin())]->increment();
  durations_.observe(std::chrono::duration<double>(took).count(), trace, now);
}

void upstream_metrics::on_breaker(breaker_state from, breaker_state to) {
  if (from == to) return;
  breakers_[static_cast<std::size_t>(from)]->add(-1);
  breakers_[static_cast<std::size_t>(to)]->add(1);
  transitions_[static_cast<std::size_t>(to)]->increment();
}

void upstream_metrics::on_addresses(const connection_pool::address_counts& before,
                                    const connection_pool::address_counts& now) {
  const auto change = [](std::size_t from, std::size_t to) {
    return static_cast<double>(to) - static_cast<double>(from);
  };
  if (now.known != before.known) addresses_known_.add(change(before.known, now.known));
  if (now.ejected != before.ejected) addresses_ejected_.add(change(before.ejected, now.ejected));
  if (now.ejections != before.ejections) ejections_.increment(change(before.ejections, now.ejections));
}

}  // namespace cohort::http

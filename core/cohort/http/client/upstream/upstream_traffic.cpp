// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_traffic.hpp>

#include <cmath>

#include <cohort/http/client/upstream/upstream_outcomes.hpp>

namespace cohort::http {
namespace {

telemetry::gauge& state_gauge(telemetry::registry& registry, const char* name, const std::string& upstream,
                              const char* state) {
  return registry.make_gauge(name, "", {{"upstream", upstream}, {"state", state}});
}

/// The shards of a value are not read atomically, so the sum can be temporarily negative.
std::uint64_t to_count(double value) { return value > 0 ? static_cast<std::uint64_t>(value) : 0; }

std::uint64_t sum_of(const std::vector<const telemetry::counter*>& counters) {
  double sum = 0;
  for (const auto* each : counters) sum += each->value();
  return to_count(sum);
}

}  // namespace

upstream_traffic::upstream_traffic(telemetry::registry& registry, const std::string& upstream)
    : in_flight_(registry.make_gauge("cohort_client_in_flight", "", {{"upstream", upstream}})),
      closed_(state_gauge(registry, "cohort_client_breaker_state", upstream, "closed")),
      open_(state_gauge(registry, "cohort_client_breaker_state", upstream, "open")),
      half_open_(state_gauge(registry, "cohort_client_breaker_state", upstream, "half_open")),
      addresses_known_(state_gauge(registry, "cohort_client_addresses", upstream, "known")),
      addresses_ejected_(state_gauge(registry, "cohort_client_addresses", upstream, "ejected")) {
  for (const auto outcome : upstream_outcomes) {
    if (outcome == "cancelled") continue;
    const bool is_success = outcome == "ok" || outcome == "client_error";
    (is_success ? successes_ : failures_)
        .push_back(&registry.make_counter("cohort_client_requests_total", "",
                                          {{"upstream", upstream}, {"outcome", std::string{outcome}}}));
  }
}

upstream_totals upstream_traffic::read() const {
  upstream_totals totals;
  totals.failures = sum_of(failures_);
  totals.calls = totals.failures + sum_of(successes_);
  totals.in_flight = to_count(in_flight_.value());
  totals.closed_breakers = to_count(closed_.value());
  totals.open_breakers = to_count(open_.value());
  totals.half_open_breakers = to_count(half_open_.value());
  const auto loop_count = totals.closed_breakers + totals.open_breakers + totals.half_open_breakers;
  if (loop_count == 0) return totals;
  const auto per_loop = [loop_count](double sum) { return to_count(std::ceil(sum / static_cast<double>(loop_count))); };
  totals.addresses = per_loop(addresses_known_.value());
  totals.ejected_addresses = per_loop(addresses_ejected_.value());
  return totals;
}

}  // namespace cohort::http

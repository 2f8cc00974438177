// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

/// Totals of the calls to an upstream over all loops, for status pages. Callers compute rates from differences of
/// totals.
struct upstream_totals {
  /// Completed calls, except cancelled ones.
  std::uint64_t calls = 0;
  /// Failed calls: without a response, with a 5xx status, or rejected by the breaker.
  std::uint64_t failures = 0;
  std::uint64_t in_flight = 0;
  /// The number of loops with a circuit breaker in this state. All counts are zero before the first call.
  std::uint64_t closed_breakers = 0, open_breakers = 0, half_open_breakers = 0;
  /// Known and ejected addresses of the upstream's host: the average over the loops, rounded up.
  std::uint64_t addresses = 0, ejected_addresses = 0;
};

/// Reads the metrics `cohort_client_*` of an upstream. Thread-safe.
class upstream_traffic {
 public:
  /// `upstream` is the name of the upstream, which may be created later. `registry` must outlive this object.
  upstream_traffic(telemetry::registry& registry, const std::string& upstream);

  upstream_totals read() const;

 private:
  /// Counters by outcome.
  std::vector<const telemetry::counter*> successes_, failures_;
  const telemetry::gauge& in_flight_;
  const telemetry::gauge& closed_;
  const telemetry::gauge& open_;
  const telemetry::gauge& half_open_;
  const telemetry::gauge& addresses_known_;
  const telemetry::gauge& addresses_ejected_;
};

}  // namespace cohort::http

#pragma once

#include <cstddef>

#include "core/config/rules.hpp"
#include "core/policy/circuit_breaker.hpp"
#include "core/policy/hedging.hpp"
#include "core/policy/retry.hpp"

namespace cohort::http {

/// How calls to one upstream are made. What is counted is counted on each loop by itself.
struct upstream_settings {
  /// For a call, all of its attempts together; less if its caller has less left.
  duration limit = std::chrono::seconds{5};
  /// Of the caller's time, kept to use the answer; of a caller in a hurry at most a quarter of what is left.
  duration reserve = std::chrono::milliseconds{20};
  /// Calls at once. Source: Envoy's circuit breaker for requests, 1024, for several loops.
  std::size_t most_in_flight = 256;
  policy::retry_settings retry{};
  policy::retry_budget::settings budget{};
  policy::circuit_breaker::settings breaker{};
  policy::hedging::settings hedge{};
  /// By `x-envoy-expected-rq-timeout-ms`. Strangers have no use for it.
  bool tells_deadline = true;
};

/// Reads `timeout=3s,attempts=3,budget=20%,hedge=p95,breaker=90%,open=5s,in-flight=256`, any of them in any order;
/// `hedge=off`, `breaker=off`. What is not named stays as in `base`.
config::rule<upstream_settings> upstream_policy(const upstream_settings& base);

}  // namespace cohort::http

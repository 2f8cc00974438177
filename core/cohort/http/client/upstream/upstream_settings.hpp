// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/config/value_parsers.hpp>
#include <cohort/policy/circuit_breaker.hpp>
#include <cohort/policy/retry/hedging.hpp>
#include <cohort/policy/retry/retry.hpp>

namespace cohort::http {

/// Policies of the calls to one upstream. Limits apply to each loop.
struct upstream_settings {
  /// Timeout of a call over all attempts, capped by the caller's deadline.
  duration timeout = std::chrono::seconds{5};
  /// Time before the caller's deadline that is reserved for processing the response; at most a quarter of the remaining
  /// time.
  duration reserve = std::chrono::milliseconds{20};
  /// Maximum number of concurrent calls. Corresponds to `max_requests` of Envoy's circuit breakers, whose default is
  /// 1024 for all threads.
  std::size_t max_in_flight = 256;
  /// Maximum time for which calls fail with `rate_limited` after a 429 with `Retry-After`.
  duration max_rate_limit_hold = std::chrono::hours{1};
  policy::retry_settings retry{};
  policy::retry_budget::settings budget{};
  policy::circuit_breaker::settings breaker{};
  policy::hedging::settings hedging{};
  /// Whether to send the remaining time as `x-envoy-expected-rq-timeout-ms`. Disable this header for upstreams outside
  /// your network.
  bool propagate_deadline = true;
};

/// Parses a policy such as `timeout=3s,attempts=3,budget=20%,hedge=p95,breaker=90%,open=5s,in-flight=256`: any of the
/// keys in any order; `hedge=off` and `breaker=off` disable hedging and the circuit breaker. Settings whose key is
/// absent keep the value of `base`.
config::value_parser<upstream_settings> upstream_policy(const upstream_settings& base);

}  // namespace cohort::http

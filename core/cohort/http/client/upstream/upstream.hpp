// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/client/upstream/rate_limit_hold.hpp>
#include <cohort/http/client/upstream/upstream_metrics.hpp>
#include <cohort/http/client/upstream/upstream_settings.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::http {

struct upstream_result {
  /// The response to the last attempt, or its error. With the errors `rate_limited`, `bulkhead_full`, `breaker_open`,
  /// `deadline_exceeded` and `invalid_request` no request was sent, unless the call had followed a redirect.
  client_result response;
  /// The duration of all attempts together.
  duration elapsed{};
  /// The timeout of this call: its own, or less if the caller's deadline is nearer.
  duration timeout{};
  /// Number of requests sent, including retries, hedges and redirects.
  unsigned attempts = 0;
};

/// Resilient client of one upstream service: deadlines, retries, hedging, circuit breaker, bulkhead, load balancing.
///
/// - Deadline: a call ends at the caller's deadline less `reserve`, or after its timeout. The remaining time is sent to
///   the upstream.
/// - Retries: see `classify` for the responses and errors, `policy::decide_retry` for the decision. Retries and hedges
///   share one budget.
/// - Rate limit: after a 429 with `Retry-After`, calls fail at once until that time has passed, at most
///   `upstream_settings::max_rate_limit_hold`, on all loops. A `Retry-After` with another status applies only to the
///   retries of that call, since other replicas may be available.
/// - Circuit breaker: a call fails if its last attempt has no complete response or a status of 500 or more. A timeout
///   counts only if the call had at least half of the upstream's timeout; a cancelled call does not count.
///
/// Each loop has its own circuit breaker, bulkhead and budget. One object serves all loops; it must outlive its calls.
class upstream {
 public:
  /// `name` is for metrics, logs and `Server-Timing`, and must be a token (RFC 9110 section 5.6.2). `transport` and
  /// `metrics` must outlive the upstream.
  upstream(client& transport, telemetry::registry& metrics, telemetry::logger log, std::string name,
           upstream_settings settings = {});
  ~upstream();
  upstream(upstream&&) noexcept;

  const std::string& name() const noexcept { return name_; }
  const upstream_settings& settings() const noexcept { return settings_; }

  /// Sends a request on behalf of `context`, with `X-Request-Id`, the deadline and the trace of the context. `timeout`
  /// replaces the one of the settings. Runs on a loop. Never throws, except to unwind a cancelled coroutine.
  task<upstream_result> call(client_request request, call_context context, std::optional<duration> timeout = {});

 private:
  struct loop_state;
  class active_call;
  class permit;

  loop_state& current_loop_state();
  void report_breaker(policy::circuit_breaker::state before, policy::circuit_breaker::state after);
  void report_addresses(loop_state& state, const origin& target);

  client& transport_;
  std::string name_;
  upstream_settings settings_;
  telemetry::logger log_;
  std::unique_ptr<upstream_metrics> metrics_;
  std::unique_ptr<rate_limit_hold> hold_;
  std::vector<std::unique_ptr<loop_state>> loop_states_;
};

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/client/upstream/rate_limit_hold.hpp>
#include <cohort/http/client/upstream/upstream_metrics.hpp>
#include <cohort/http/client/upstream/upstream_settings.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::http {

struct upstream_result {
  /// The response to the last attempt, or its error. With the errors `rate_limited`, `bulkhead_full`, `breaker_open`,
  /// `deadline_exceeded` and `invalid_request`, no request was sent, unless the call had followed a redirect.
  client_result response;
  /// The total duration of the call, with all attempts and backoffs.
  duration elapsed{};
  /// The effective timeout: the timeout of the call, capped by the caller's deadline.
  duration timeout{};
  /// Number of requests sent, including retries, hedges and redirects.
  unsigned attempts = 0;
};

/// The options of `upstream::open`.
struct open_options {
  /// The body of the request; null for none. Must outlive the task of `open`.
  request_body_source* body = nullptr;
  /// Timeout until the head of the response, capped by the caller's deadline. Default: the timeout of the settings. For
  /// a request with a body, the default is the caller's deadline and, once the body has been sent,
  /// `request_body_source::response_deadline`.
  std::optional<duration> timeout{};
  /// Maximum size of the body of the response, in bytes (`client_error::body_too_large`).
  std::size_t max_body_bytes = std::numeric_limits<std::size_t>::max();
  /// Receives the first `max_interim_responses` interim responses of each attempt; they are ignored if null. Must
  /// outlive the task of `open`.
  const interim_callback* on_interim = nullptr;
};

struct open_result {
  /// The response to the last attempt, or its error; see `upstream_result`.
  result<streamed_response, client_error> response;
  /// The total duration of the call, up to the head of the response.
  duration elapsed{};
  /// Number of requests sent, including retries.
  unsigned attempts = 0;
};

/// Observes and changes the calls to an upstream, for example to add a header field, to sign requests or to log. Called
/// once for each call, not for each attempt, on the loop of the call: an implementation that has state must be safe for
/// all loops. Must not throw.
class call_middleware {
 public:
  virtual ~call_middleware() = default;
  /// Called before the first attempt, and before `X-Request-Id` is added. If the middleware makes the request invalid,
  /// the call fails with `client_error::invalid_request`.
  virtual void on_request(client_request& request, const call_context& context);
  /// Called after the last attempt, before the result is returned: `result` is the response (of `upstream::open`: its
  /// head) or the error. `request` is the last request that was sent. Fields that the middleware adds must have valid
  /// names and values: `proxy_to` forwards them unchanged.
  virtual void on_response(const client_request& request, client_result& result);
};

/// Resilient client of one upstream service: deadlines, retries, hedging, circuit breaker, bulkhead, load balancing.
///
/// - Deadline: a call times out at the caller's deadline minus `reserve`, or after its timeout. The remaining time is
///   sent to the upstream.
/// - Retries: see `classify` for the responses and errors, `policy::decide_retry` for the decision. Retries and hedges
///   share one budget.
/// - Stale connections: an idempotent request is resent once, immediately, if the upstream closed its reused connection
///   within a round trip and 10 ms. Such a resend is not a retry.
/// - Rate limit: after a 429 with `Retry-After`, calls fail immediately until that time has passed, at most
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

  /// Adds middleware. `on_request` is called in the order of addition, `on_response` in the reverse order. Must not be
  /// called after the first call to the upstream.
  upstream& use(std::shared_ptr<call_middleware> middleware);

  const std::string& name() const noexcept { return name_; }
  const upstream_settings& settings() const noexcept { return settings_; }
  /// The metrics registry of the upstream; callers can register further metrics in it.
  telemetry::registry& metrics_registry() const noexcept { return *registry_; }
  /// The time for which calls fail with `rate_limited`, because of the `Retry-After` of a 429; zero if there is none.
  /// Thread-safe.
  duration rate_limit_wait(time_point now) const noexcept { return hold_->remaining(now); }

  /// Sends a request on behalf of `context`, with `X-Request-Id`, the deadline and the trace of the context. `timeout`
  /// replaces the timeout of the settings. Runs on a loop. The task never throws, except to unwind a cancelled
  /// coroutine.
  task<upstream_result> call(client_request request, call_context context, std::optional<duration> timeout = {});

  /// Like `call`, but with a request that must outlive the task, so that a caller that sends it often can reuse its
  /// memory. Middleware and redirects change the request.
  task<upstream_result> call_in_place(client_request& request, call_context context,
                                      std::optional<duration> timeout = {});

  /// Sends a request whose bodies are streamed (see `client::open`), with the same policies, except that it is not
  /// hedged and no redirect is followed. The request is retried up to the head of the response, unless bytes of its
  /// body have been read from a source that cannot `rewind`. The call is in flight until the end of the body of the
  /// response; its outcome is recorded at that time. If the body is destroyed before it is complete, the call is
  /// recorded as cancelled. A 101 response ends the call immediately, because its connection is then upgraded. The
  /// upstream must outlive the response.
  task<open_result> open(client_request request, call_context context, open_options options = {});

 private:
  class streamed_call;
  class recorded_body;

  struct loop_state;
  class active_call;
  class permit;

  loop_state& current_loop_state();
  deadline call_deadline_of(const call_context& context, time_point started, duration max_timeout) const;
  void prepare_request(client_request& request, const call_context& context) const;
  void notify_response(const client_request& request, client_result& result) const;
  void report_breaker(policy::circuit_breaker::state before, policy::circuit_breaker::state after);
  void report_addresses(loop_state& state, const origin& target, time_point now);

  client& transport_;
  std::string name_;
  upstream_settings settings_;
  telemetry::logger log_;
  telemetry::registry* registry_;
  std::unique_ptr<upstream_metrics> metrics_;
  std::unique_ptr<rate_limit_hold> hold_;
  std::vector<std::unique_ptr<loop_state>> loop_states_;
  std::vector<std::shared_ptr<call_middleware>> middleware_;
};

}  // namespace cohort::http

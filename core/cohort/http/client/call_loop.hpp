// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/http/client/client.hpp>
#include <cohort/policy/retry/retry.hpp>

namespace cohort::http {

/// The reason why a request may be resent after an exchange.
struct classification {
  /// The reason for the failure, if a retry may help; empty otherwise.
  std::optional<policy::attempt_failure> failure;
  /// The delay in the `Retry-After` of the response; only if `failure` is set.
  std::optional<duration> retry_after;
};

/// Classifies an exchange. A retry may help in these cases:
/// - The status is 500, 502 or 503, and the response has no invalid `Retry-After`.
/// - The status is 429, and the response has a valid `Retry-After`.
/// - The request was not sent, because resolution, connection or TLS failed.
/// - The connection was closed or reset during the exchange.
///
/// A retry does not help after other statuses (such as 501 and 504), malformed responses, and timeouts of a request
/// that was sent. `call_loop::decide` decides whether to retry. A request that is not idempotent is retried only if it
/// was not sent (RFC 9110 section 9.2.2). Runs on a loop.
classification classify(const client::exchange& exchange);

/// Whether an exchange has a response with a status below 500 that `classify` does not classify as retryable.
bool is_success(const client::exchange& exchange);

/// Runs one call: sends the request, resends or retries it, and follows redirects. A request whose connection was stale
/// is resent at most once per call, on a new connection, without a backoff (RFC 9112 section 9.3.1); that is not a
/// retry. The base class has no further policies; `upstream` overrides the decisions.
class call_loop {
 public:
  /// `target` is the origin of `request.url`. `transport` and `request` must outlive the loop; a redirect replaces
  /// `request`.
  call_loop(client& transport, client_request& request, origin target, deadline call_deadline);
  virtual ~call_loop() = default;
  call_loop(const call_loop&) = delete;
  call_loop& operator=(const call_loop&) = delete;

  /// Runs the call until it completes; its start time is `now`. May be called once. The loop must outlive the task.
  task<client_result> run(time_point now);
  /// Number of requests sent so far, to all locations.
  unsigned total_attempts() const noexcept { return total_attempt_count_; }

 protected:
  /// Requests permission to send to `target()`. An error ends the call. Called at the start and after each redirect.
  virtual std::optional<client_error> begin(time_point) { return std::nullopt; }
  /// Called once after each `begin` that returned no error, unless the coroutine is destroyed. The argument is the last
  /// exchange, or null if the call was cancelled between two attempts.
  virtual void end(const client::exchange*) {}
  /// Makes one attempt, which starts at `now`.
  virtual task<client::exchange> attempt(bool needs_new_connection, time_point now);
  /// Whether a request on a stale connection is resent now. Called only for an idempotent method, and not again after
  /// it has returned true.
  virtual bool may_replace_connection() { return true; }
  /// Whether to retry an attempt that failed, and when.
  virtual policy::retry_decision decide(const client::exchange& exchange, const classification& result);

  client& transport() const noexcept { return transport_; }
  const client_request& request() const noexcept { return request_; }
  const origin& target() const noexcept { return target_; }
  deadline call_deadline() const noexcept { return call_deadline_; }
  /// Number of attempts at the current location, including the one in progress.
  unsigned attempts() const noexcept { return attempt_count_; }
  /// Like `attempts`, without the attempt on a stale connection.
  unsigned counted_attempts() const noexcept { return attempt_count_ - stale_attempt_count_; }
  /// Whether a redirect has led to another origin.
  bool has_left_origin() const noexcept { return has_left_origin_; }
  void count_attempt() noexcept;

  /// Sends the request once.
  virtual task<client::exchange> send(client::send_options options);

 private:
  bool replaces_connection(const client::exchange& exchange);
  /// Replaces the request with the request that a redirect requires. Returns false if the response is final. If a
  /// redirect cannot be followed, sets `response` to an error.
  bool follow_redirect(client_result& response, unsigned redirect_count);

  client& transport_;
  client_request& request_;
  origin target_;
  deadline call_deadline_;
  unsigned attempt_count_ = 0;
  unsigned total_attempt_count_ = 0;
  /// Number of attempts at the current location that were resent because their connection was stale: at most one.
  unsigned stale_attempt_count_ = 0;
  bool has_replaced_connection_ = false;
  bool has_left_origin_ = false;
};

}  // namespace cohort::http

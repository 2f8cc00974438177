// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <vector>

#include <cohort/http/client/call_loop.hpp>
#include <cohort/http/client/upstream/upstream.hpp>
#include <cohort/policy/overload/bulkhead.hpp>
#include <cohort/telemetry/requests/call_recording.hpp>

namespace cohort::http {

/// State of an upstream on one loop.
struct upstream::loop_state final : upstream_directory::entry {
  /// `owner` may be moved later. `owner.transport_` must outlive the state.
  explicit loop_state(const upstream& owner);
  ~loop_state() override;
  loop_state(const loop_state&) = delete;
  loop_state& operator=(const loop_state&) = delete;

  upstream_status status(time_point now) override;
  void on_directory_destroyed() noexcept override { directory = nullptr; }
  /// Like `http::origin_of`, but the result is cached, because most calls have the origin of the previous call.
  std::optional<origin> origin_of(const boost::urls::url& url);

  /// The directory of the client; null once the client has been destroyed.
  upstream_directory* directory;
  const std::string name;
  const duration timeout;
  const std::size_t max_in_flight;

  policy::retry_budget budget;
  policy::circuit_breaker breaker;
  policy::hedging hedging;
  policy::bulkhead bulkhead;
  /// The counts that were last reported to the metrics.
  connection_pool::address_counts reported_addresses;
  /// The origin of the last call, and its text in the URL.
  std::optional<origin> target;
  std::string target_text;
  /// The earliest time at which another failed TLS handshake is logged.
  time_point next_tls_log{};
};

/// The permission of the bulkhead and the circuit breaker for a call, held until this object is destroyed.
class upstream::permit {
 public:
  permit(upstream& owner, loop_state& state, time_point now);
  ~permit();
  permit(const permit&) = delete;
  permit& operator=(const permit&) = delete;

  /// The reason for the rejection of the call; empty if it was admitted.
  std::optional<client_error> rejection() const noexcept { return rejection_; }
  bool is_probe() const noexcept { return permission_ == policy::circuit_breaker::permission::probe; }
  /// Sets the outcome that the breaker records when the permit ends, and the time of the outcome. Default: `ignored`.
  void set_outcome(policy::circuit_breaker::outcome outcome, time_point now) noexcept {
    outcome_ = outcome;
    ended_ = now;
  }

 private:
  upstream& owner_;
  loop_state& state_;
  loop& loop_;
  time_point ended_;
  std::optional<client_error> rejection_;
  policy::circuit_breaker::permission permission_ = policy::circuit_breaker::permission::denied;
  policy::circuit_breaker::outcome outcome_ = policy::circuit_breaker::outcome::ignored;
};

/// One call to an upstream, with all its policies.
class upstream::active_call : public call_loop {
 public:
  /// If `timeout_is_failure`, a timeout counts as a failure of the upstream. `recording` must outlive `run`.
  active_call(upstream& owner, loop_state& state, client_request& request, origin target, deadline call_deadline,
              std::string_view request_id, bool timeout_is_failure, telemetry::call_recording& recording);

 protected:
  void end(const client::exchange* last) override;
  task<client::exchange> attempt(bool needs_new_connection, time_point now) override;
  bool may_replace_connection() override;
  policy::retry_decision decide(const client::exchange& exchange, const classification& result) override;
  /// Starts the record of the next attempt at `now`; null if the request has no record.
  telemetry::attempt_record* begin_attempt_record(bool is_hedge, time_point now);
  /// Makes one attempt, which starts at `now`, and records it in the metrics, the policies and `record`, which may be
  /// null. For `is_overtaken` and `is_superseded`, see `connection_pool::lease_options`.
  task<client::exchange> send_recorded(bool needs_new_connection, telemetry::attempt_record* record, time_point now,
                                       const bool* is_overtaken = nullptr, const bool* is_superseded = nullptr);

 private:
  class hedged_attempt;

  std::optional<client_error> begin(time_point now) override;
  std::optional<duration> hedge_delay(time_point now);
  /// Rejects calls for the time in the `Retry-After` of a 429.
  void record_rate_limit(const client_response& response, time_point now);
  task<client::exchange> send_hedged(duration delay, bool needs_new_connection, time_point now);
  policy::circuit_breaker::outcome breaker_outcome(const client_result& response) const noexcept;
  /// Logs a failed TLS handshake, at most once a minute per loop: an operator must replace an invalid certificate.
  void log_tls_failure(const client::exchange& exchange);

  upstream& owner_;
  loop_state& state_;
  std::string_view request_id_;
  bool timeout_is_failure_;
  telemetry::call_recording* recording_;
  std::optional<permit> permit_;
  /// Addresses at which attempts have failed or are in progress.
  recycled_vector<net::endpoint> tried_addresses_;
  /// The duration of the last attempt on a stale connection.
  duration stale_attempt_duration_{};
};

}  // namespace cohort::http

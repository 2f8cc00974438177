// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/active_call.hpp>

#include <cohort/http/client/protocol/retry_after.hpp>
#include <cohort/http/client/upstream/attempt_recording.hpp>
#include <cohort/http/client/upstream/hedged_attempt.hpp>

namespace cohort::http {

using breaker = policy::circuit_breaker;

namespace {

constexpr std::chrono::minutes tls_log_interval{1};
/// Maximum time, in addition to one round trip, after which a closed connection counts as stale. An upstream that
/// closes a connection later may have read the request.
constexpr duration max_stale_delay = std::chrono::milliseconds{10};

}  // namespace

// ---- permit

upstream::permit::permit(upstream& owner, loop_state& state, time_point now)
    : owner_(owner), state_(state), loop_(loop::current()), ended_(now) {
  if (!state_.bulkhead.try_acquire()) {
    rejection_ = client_error::bulkhead_full;
    return;
  }
  owner_.metrics_->in_flight.add(1);
  const auto before = state_.breaker.current_state();
  permission_ = state_.breaker.try_acquire(now);
  owner_.report_breaker(before, state_.breaker.current_state());
  if (permission_ == breaker::permission::denied) rejection_ = client_error::breaker_open;
}

upstream::permit::~permit() {
  if (rejection_ == client_error::bulkhead_full) return;
  state_.bulkhead.release();
  owner_.metrics_->in_flight.add(-1);
  if (permission_ == breaker::permission::denied) return;
  const auto before = state_.breaker.current_state();
  state_.breaker.record(permission_, outcome_, ended_, loop_.random());
  owner_.report_breaker(before, state_.breaker.current_state());
}

// ---- call

upstream::active_call::active_call(upstream& owner, loop_state& state, client_request& request, origin target,
                                   deadline call_deadline, std::string_view request_id, bool timeout_is_failure,
                                   telemetry::call_recording& recording)
    : call_loop(owner.transport_, request, std::move(target), call_deadline),
      owner_(owner),
      state_(state),
      request_id_(request_id),
      timeout_is_failure_(timeout_is_failure),
      recording_(&recording) {}

std::optional<client_error> upstream::active_call::begin(time_point now) {
  tried_addresses_.clear();
  // Less than one round-trip time remains, so the call fails before it opens a connection, and is not counted by any
  // policy.
  if (call_deadline().remaining(now) <= transport().round_trip_time(target())) return client_error::deadline_exceeded;
  if (owner_.hold_->remaining(now) > duration::zero()) return client_error::rate_limited;
  permit_.emplace(owner_, state_, now);
  if (const auto rejection = permit_->rejection()) {
    permit_.reset();
    return rejection;
  }
  state_.budget.deposit(now);
  return std::nullopt;
}

void upstream::active_call::end(const client::exchange* last) {
  if (last) permit_->set_outcome(breaker_outcome(last->response), last->ended);
  permit_.reset();
}

breaker::outcome upstream::active_call::breaker_outcome(const client_result& response) const noexcept {
  if (response && response->status_code() < 500) return breaker::outcome::success;
  if (!response && is_caused_by_caller(response.error())) return breaker::outcome::ignored;
  return is_timeout(response) && !timeout_is_failure_ ? breaker::outcome::ignored : breaker::outcome::failure;
}

task<client::exchange> upstream::active_call::attempt(bool needs_new_connection, time_point now) {
  const auto delay = hedge_delay(now);
  if (delay) return send_hedged(*delay, needs_new_connection, now);
  return send_recorded(needs_new_connection, begin_attempt_record(false, now), now);
}

/// Returns the delay of the hedge; empty for retries, for probes and for requests that are not idempotent.
std::optional<duration> upstream::active_call::hedge_delay(time_point now) {
  if (permit_->is_probe() || attempts() > 0 || !is_idempotent(request().method)) return std::nullopt;
  return state_.hedging.delay(call_deadline().remaining(now), now);
}

telemetry::attempt_record* upstream::active_call::begin_attempt_record(bool is_hedge, time_point now) {
  using enum telemetry::attempt_kind;
  const auto kind = is_hedge ? hedge : total_attempts() == 0 ? first : attempts() == 0 ? redirect : retry;
  return recording_->add_attempt(kind, now);
}

task<client::exchange> upstream::active_call::send_recorded(bool needs_new_connection,
                                                            telemetry::attempt_record* record, time_point started,
                                                            const bool* is_overtaken, const bool* is_superseded) {
  attempt_recording recording{*recording_, record};
  count_attempt();
  owner_.metrics_->attempts.increment();
  client::send_options options;
  options.connection.tried_addresses = &tried_addresses_;
  options.connection.needs_new_connection = needs_new_connection;
  options.connection.is_overtaken = is_overtaken;
  options.connection.is_superseded = is_superseded;
  options.timeout_is_failure = timeout_is_failure_;
  options.record = record;
  options.propagate_deadline = owner_.settings_.propagate_deadline;
  auto send_task = send(options);
  auto exchange = co_await std::move(send_task);
  const auto now = exchange.ended;
  if (exchange.was_connection_stale) stale_attempt_duration_ = now - started;
  recording.end(exchange.response, now);
  if (exchange.response) {
    state_.hedging.record(now - started, now);
    record_rate_limit(*exchange.response, now);
  }
  co_return exchange;
}

void upstream::active_call::record_rate_limit(const client_response& response, time_point now) {
  // The limit of another origin does not apply to the upstream.
  if (response.status != status::too_many_requests || has_left_origin()) return;
  const auto retry_after = retry_after_of(response, loop::current().wall_now());
  if (retry_after) owner_.hold_->extend(now + std::min(*retry_after, owner_.settings_.max_rate_limit_hold));
}

task<client::exchange> upstream::active_call::send_hedged(duration delay, bool needs_new_connection, time_point now) {
  hedged_attempt attempts{*this, delay, needs_new_connection, now};
  auto run_task = detail::run_scope(attempts);
  co_await std::move(run_task);
  co_return attempts.take();
}

/// Returns true only if the upstream had closed the connection before the request arrived. Such a request has not
/// caused load, so the budget is not charged. Otherwise, the upstream may have failed while it processed the request,
/// so that resending it is a retry.
bool upstream::active_call::may_replace_connection() {
  const auto round_trip_time = transport().round_trip_time(target());
  if (stale_attempt_duration_ > round_trip_time + max_stale_delay) return false;
  if (state_.breaker.current_state() == breaker::state::open) return false;
  if (call_deadline().remaining(loop::current().now()) <= round_trip_time) return false;
  owner_.metrics_->stale_connections.increment();
  return true;
}

policy::retry_decision upstream::active_call::decide(const client::exchange& exchange, const classification& result) {
  const auto now = loop::current().now();
  // A probe must send only one request. If the breaker has opened during the call, the call is not retried either.
  const bool is_single_attempt = permit_->is_probe() || state_.breaker.current_state() != breaker::state::closed;
  const policy::failed_attempt attempt{
      .failure = *result.failure,
      .is_idempotent = is_idempotent(request().method),
      .attempts = is_single_attempt ? owner_.settings_.retry.max_attempts : counted_attempts(),
      .retry_after = result.retry_after,
      .remaining_time = call_deadline().remaining(now),
      .expected_duration = std::max(state_.hedging.median(now), transport().round_trip_time(target()))};
  const auto decision =
      policy::decide_retry(owner_.settings_.retry, attempt, state_.budget, now, loop::current().random());
  owner_.metrics_->record_retry(decision.verdict);
  if (owner_.log_.is_enabled(telemetry::log_level::debug)) {
    owner_.log_.write(telemetry::log_level::debug, "attempt failed",
                      {{"id", request_id_},
                       {"upstream", std::string_view{owner_.name_}},
                       {"ended", outcome_label(exchange.response)},
                       {"retry", policy::to_string(decision.verdict)},
                       {"remaining_ms", to_milliseconds(attempt.remaining_time)}});
  }
  log_tls_failure(exchange);
  return decision;
}

void upstream::active_call::log_tls_failure(const client::exchange& exchange) {
  if (exchange.response) return;
  const auto error = exchange.response.error();
  if (error != client_error::tls_certificate_invalid && error != client_error::tls_failed) return;
  const auto now = loop::current().now();
  if (now < state_.next_tls_log) return;
  state_.next_tls_log = now + tls_log_interval;
  const auto message = make_error_code(error).message();
  owner_.log_.write(telemetry::log_level::warn, "TLS handshake with an upstream failed",
                    {{"upstream", std::string_view{owner_.name_}},
                     {"server", std::string_view{target().host}},
                     {"error", std::string_view{message}}});
}

}  // namespace cohort::http

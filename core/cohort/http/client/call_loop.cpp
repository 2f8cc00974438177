// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/call_loop.hpp>

#include <cohort/http/client/protocol/redirect.hpp>
#include <cohort/http/client/protocol/retry_after.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort::http {
namespace {

bool is_retryable(status code) noexcept {
  return code == status::too_many_requests || code == status::internal_server_error || code == status::bad_gateway ||
         code == status::service_unavailable;
}

bool was_not_sent(client_error error) noexcept {
  const auto name = error_class(error);
  return name == "connect" || name == "dns" || name == "tls" || error == client_error::connect_timeout ||
         error == client_error::tls_timeout || error == client_error::resolve_timeout;
}

bool is_connection_lost(client_error error) noexcept { return error_class(error) == "reset"; }

}  // namespace

classification classify(const client::exchange& exchange) {
  using enum policy::attempt_failure;
  if (!exchange.response) {
    if (was_not_sent(exchange.response.error())) return {not_sent, {}};
    if (is_connection_lost(exchange.response.error())) return {connection_lost, {}};
    return {};
  }
  if (!is_retryable(exchange.response->status)) return {};
  const auto retry_after = retry_after_of(*exchange.response, loop::current().wall_now());
  // A 429 without a valid `Retry-After` is not retried.
  const bool needs_retry_after =
      exchange.response->status == status::too_many_requests || exchange.response->find("retry-after");
  if (needs_retry_after && !retry_after) return {};
  return {retryable_status, retry_after};
}

bool is_success(const client::exchange& exchange) {
  return exchange.response && exchange.response->status_code() < 500 && !classify(exchange).failure;
}

call_loop::call_loop(client& transport, client_request& request, origin target, deadline call_deadline)
    : transport_(transport), request_(request), target_(std::move(target)), call_deadline_(call_deadline) {}

task<client_result> call_loop::run(time_point now) {
  for (unsigned redirect_count = 0;; ++redirect_count) {
    if (const auto error = begin(now)) co_return *error;
    auto send_task = attempt(false, now);
    auto exchange = co_await std::move(send_task);
    for (;;) {
      const auto result = classify(exchange);
      if (!result.failure) break;
      if (replaces_connection(exchange)) {
        auto retry_task = attempt(true, loop::current().now());
        exchange = co_await std::move(retry_task);
        continue;
      }
      const auto retry = decide(exchange, result);
      if (retry.verdict != policy::retry_verdict::retry) break;
      const bool needs_new_connection = exchange.was_connection_stale;
      // A stale connection is not a failure of the server, so there is no backoff.
      if (retry.delay > duration{} && !needs_new_connection) {
        // Waits for the backoff. A fixed delay is necessary, because no event reports that the server is available
        // again. The call's deadline caps the delay.
        auto delay = sleep_for(retry.delay);
        if (co_await std::move(delay) == wait_status::cancelled) {
          end(nullptr);
          co_return client_error::cancelled;
        }
      }
      auto retry_task = attempt(needs_new_connection, loop::current().now());
      exchange = co_await std::move(retry_task);
    }
    end(&exchange);
    if (!follow_redirect(exchange.response, redirect_count)) co_return std::move(exchange.response);
    now = exchange.ended;
  }
}

/// Whether to resend a request after the server closed its connection without reading it.
bool call_loop::replaces_connection(const client::exchange& exchange) {
  if (!exchange.was_connection_stale || has_replaced_connection_ || !is_idempotent(request_.method)) return false;
  if (!may_replace_connection()) return false;
  has_replaced_connection_ = true;
  ++stale_attempt_count_;
  return true;
}

bool call_loop::follow_redirect(client_result& response, unsigned redirect_count) {
  auto next = resolve_redirect(request_, response, redirect_count);
  if (next.error) response = *next.error;
  if (!next.request) return false;
  request_ = std::move(*next.request);
  auto target = *origin_of(request_.url);
  if (target != target_) has_left_origin_ = true;
  target_ = std::move(target);
  attempt_count_ = stale_attempt_count_ = 0;
  return true;
}

task<client::exchange> call_loop::attempt(bool needs_new_connection, time_point) {
  count_attempt();
  return send({.connection = {.needs_new_connection = needs_new_connection}});
}

policy::retry_decision call_loop::decide(const client::exchange&, const classification&) {
  return {policy::retry_verdict::attempts_exhausted};
}

void call_loop::count_attempt() noexcept {
  ++attempt_count_;
  ++total_attempt_count_;
}

task<client::exchange> call_loop::send(client::send_options options) {
  options.target = &target_;
  return transport_.send(request_, call_deadline_, options);
}

}  // namespace cohort::http

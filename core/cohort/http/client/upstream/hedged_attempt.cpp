// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/hedged_attempt.hpp>

namespace cohort::http {
namespace {

/// A timer that expires later than this shows that this loop was blocked, not that the server was slow.
constexpr duration max_timer_delay = std::chrono::milliseconds{1};

}  // namespace

upstream::active_call::hedged_attempt::hedged_attempt(active_call& call, duration delay, bool needs_new_connection,
                                                      time_point now)
    : call_(call),
      delay_(delay),
      needs_new_connection_(needs_new_connection),
      started_(now),
      delay_timer_(loop::current().timers(), this) {}

void upstream::active_call::hedged_attempt::start_all() {
  delay_timer_.arm(started_ + delay_);
  start(first_attempt, needs_new_connection_, started_);
}

void upstream::active_call::hedged_attempt::cancel_all() {
  delay_timer_.disarm();
  for (auto& attempt : attempts_) detail::cancel(attempt.cancel_signal);
}

client::exchange upstream::active_call::hedged_attempt::take() {
  const auto winner = winner_.value_or(first_attempt);
  auto& outcome = attempts_[winner].outcome;
  if (outcome.failure) std::rethrow_exception(outcome.failure);
  if (winner == second_attempt && has_succeeded(second_attempt)) call_.owner_.metrics_->hedges_won.increment();
  return std::move(*outcome.value);
}

void upstream::active_call::hedged_attempt::start(std::size_t index, bool needs_new_connection, time_point now) {
  ++running_count_;
  records_[index] = call_.begin_attempt_record(index == second_attempt, now);
  detail::start_child_task(
      attempts_[index],
      call_.send_recorded(needs_new_connection, records_[index], now,
                          index == first_attempt ? &is_first_overtaken_ : nullptr, &is_superseded_),
      [this, index] { on_attempt_ended(index); });
}

void upstream::active_call::hedged_attempt::start_second_attempt() {
  const auto now = loop::current().now();
  if (!is_postponed_ && now - (started_ + delay_) > max_timer_delay) {
    // The loop was blocked and the response may have arrived, so the timer is rearmed; the response is read before it
    // expires.
    is_postponed_ = true;
    delay_timer_.arm(now);
    return;
  }
  auto& metrics = *call_.owner_.metrics_;
  if (!call_.state_.budget.withdraw(now)) {
    metrics.hedges_refused.increment();
    return;
  }
  metrics.hedges_sent.increment();
  start(second_attempt, false, now);
}

void upstream::active_call::hedged_attempt::on_attempt_ended(std::size_t index) {
  --running_count_;
  if (!winner_ && (has_succeeded(index) || running_count_ == 0)) {
    winner_ = index;
    // The hedge started later but received its response earlier: the cancellation of the first attempt counts as a
    // failure of its address. If that happens repeatedly, the address has failed without a connection error, for
    // example because its machine was powered off. The flag has no effect if the first attempt has already ended.
    is_first_overtaken_ = index == second_attempt && has_succeeded(second_attempt);
    is_superseded_ = has_succeeded(index);
    if (auto* other = records_[1 - index]) other->cancelled_by = telemetry::cancellation_cause::hedge;
    cancel_all();
  }
  // The first attempt was slower: its latency is at least the time until now. Without that sample, the recorded
  // latencies would be biased low.
  if (index == first_attempt && winner_ == second_attempt && has_succeeded(second_attempt)) {
    const auto now = loop::current().now();
    call_.state_.hedging.record(now - started_, now);
  }
  if (running_count_ == 0) {
    delay_timer_.disarm();
    on_ended.post({});
  }
}

bool upstream::active_call::hedged_attempt::has_succeeded(std::size_t index) const {
  const auto& exchange = attempts_[index].outcome.value;
  return exchange && is_success(*exchange);
}

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/requests/call_recording.hpp>

#include <cohort/runtime/loop.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::telemetry {

request_record* find_request_record(const call_context& context) noexcept {
  return context.timing ? context.timing->recording().get() : nullptr;
}

call_recording::call_recording(request_record* request, std::string_view name, time_point start_time,
                               deadline call_deadline, call_kind kind)
    : request_(request), loop_(loop::current()) {
  if (request_) call_ = request_->add_call(name, start_time, call_deadline, kind);
}

void call_recording::end(std::string_view outcome) noexcept {
  if (call_ && !call_->has_ended()) end(outcome, loop_.now());
}

void call_recording::end(std::string_view outcome, time_point now) noexcept {
  if (!call_ || call_->has_ended()) return;
  // A hedged attempt may have been cancelled before it started.
  const auto index = request_->index_of(*call_);
  for (std::size_t i = 0; i < request_->attempt_count; ++i) {
    auto& attempt = request_->attempts[i];
    if (attempt.call == index && !attempt.has_ended()) end_attempt(&attempt, "cancelled", now);
  }
  request_->end_call(*call_, outcome, now);
}

void call_recording::set_detail(std::string_view detail) noexcept {
  if (call_ && call_->detail.view().empty()) call_->detail = detail;
}

attempt_record* call_recording::add_attempt(attempt_kind kind, time_point now) noexcept {
  if (!call_) return nullptr;
  const auto count = call_->attempt_count;
  return request_->add_attempt(*call_, kind, static_cast<std::uint8_t>(count > 0 ? count - 1 : 0), now);
}

void call_recording::end_attempt(attempt_record* attempt, std::string_view outcome, time_point now) const noexcept {
  if (!attempt || attempt->has_ended()) return;
  attempt->enter(attempt_phase::ended, now);
  attempt->outcome = outcome;
  if (outcome == "cancelled") {
    if (attempt->cancelled_by != cancellation_cause::none) return;
    const auto cause = request_->cancelled_by;
    attempt->cancelled_by = cause != cancellation_cause::none ? cause : cancellation_cause::caller;
  } else {
    // A timeout before the call's deadline has another cause: a single address may have less time to connect.
    const bool is_at_deadline = outcome == "timeout" && call_->deadline.expired(now);
    attempt->cancelled_by = is_at_deadline ? cancellation_cause::deadline : cancellation_cause::none;
  }
}

}  // namespace cohort::telemetry

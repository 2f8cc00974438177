// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::telemetry {

std::string_view to_string(call_kind kind) noexcept {
  constexpr std::array<std::string_view, 6> names{"upstream", "postgres", "redis", "sqlite", "blocking", "cache"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(attempt_kind kind) noexcept {
  constexpr std::array<std::string_view, 4> names{"first", "retry", "hedge", "redirect"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view to_string(attempt_phase phase) noexcept {
  constexpr std::array<std::string_view, 6> names{"queued", "connect", "tls", "wait", "read", "ended"};
  return names[static_cast<std::size_t>(phase)];
}

std::string_view to_string(cancellation_cause cause) noexcept {
  constexpr std::array<std::string_view, 6> names{"none", "deadline", "hedge", "client", "shutdown", "caller"};
  return names[static_cast<std::size_t>(cause)];
}

void request_record::reset(time_point now, wall_time wall_now) noexcept {
  trace = {};
  started = now;
  wall_start_time = wall_now;
  ended = time_point::min();
  deadline = cohort::deadline::never();
  request_id = std::string_view{};
  method = std::string_view{};
  route = std::string_view{};
  status = 0;
  cancelled_by = cancellation_cause::none;
  is_streamed = false;
  call_count = attempt_count = 0;
  dropped_call_count = 0;
}

call_record* request_record::add_call(std::string_view name, time_point now, cohort::deadline call_deadline,
                                      call_kind kind) noexcept {
  if (call_count == max_calls || !calls.allocate()) {
    if (dropped_call_count < UINT16_MAX) ++dropped_call_count;
    return nullptr;
  }
  auto& call = calls[call_count++];
  call.name = name;
  call.detail = std::string_view{};
  call.kind = kind;
  call.cancelled_by = cancellation_cause::none;
  call.started = now;
  call.ended = time_point::min();
  call.deadline = call_deadline;
  call.outcome = {};
  call.attempt_count = call.dropped_attempt_count = 0;
  return &call;
}

void request_record::end_call(call_record& call, std::string_view outcome, time_point now) const noexcept {
  if (call.has_ended()) return;
  call.ended = now;
  call.outcome = outcome;
  if (outcome == "cancelled") {
    call.cancelled_by = cancelled_by != cancellation_cause::none ? cancelled_by : cancellation_cause::caller;
  } else if (outcome == "timeout" && call.deadline.expired(now)) {
    call.cancelled_by = cancellation_cause::deadline;
  }
}

std::size_t request_record::begin_work(std::string_view name, time_point now, cohort::deadline work_deadline) noexcept {
  const auto* const added = add_call(name, now, work_deadline, call_kind::blocking);
  return added ? index_of(*added) : max_calls;
}

void request_record::end_work(std::size_t number, std::string_view outcome, time_point now) noexcept {
  if (number < call_count) end_call(calls[number], outcome, now);
}

attempt_record* request_record::add_attempt(call_record& call, attempt_kind kind, std::uint8_t of,
                                            time_point now) noexcept {
  if (attempt_count == max_attempts || !attempts.allocate()) {
    if (call.dropped_attempt_count < UINT8_MAX) ++call.dropped_attempt_count;
    return nullptr;
  }
  auto& attempt = attempts[attempt_count++];
  attempt = attempt_record{};
  attempt.started = attempt.phase_start_time = now;
  attempt.call = static_cast<std::uint8_t>(index_of(call));
  attempt.kind = kind;
  attempt.of = of;
  ++call.attempt_count;
  return &attempt;
}

bool is_failure(const call_record& call) noexcept {
  if (call.kind == call_kind::cache) return false;
  return call.outcome != "ok" && call.outcome != "client_error";
}

bool request_record::has_problem() const noexcept {
  // A client that disconnects, for example because another replica responded first, also cancels calls.
  if (cancelled_by == cancellation_cause::client) return false;
  if (cancelled_by != cancellation_cause::none || status >= 500) return true;
  return std::ranges::any_of(all_calls(), [](const call_record& call) { return is_failure(call); });
}

}  // namespace cohort::telemetry

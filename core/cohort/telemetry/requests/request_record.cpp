// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::telemetry {

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
  wall_started = wall_now;
  ended = time_point::min();
  until = deadline::never();
  request_id = std::string_view{};
  method = std::string_view{};
  route = std::string_view{};
  status = 0;
  interrupted_by = cancellation_cause::none;
  is_streamed = false;
  call_count = attempt_count = 0;
  calls_dropped = 0;
}

call_record* request_record::add_call(std::string_view name, time_point now, deadline call_deadline) noexcept {
  if (call_count == max_calls) {
    if (calls_dropped < UINT16_MAX) ++calls_dropped;
    return nullptr;
  }
  auto& call = calls[call_count++];
  call.name = name;
  call.started = now;
  call.ended = time_point::min();
  call.until = call_deadline;
  call.outcome = {};
  call.attempt_count = call.attempts_dropped = 0;
  return &call;
}

attempt_record* request_record::add_attempt(call_record& call, attempt_kind kind, std::uint8_t of,
                                            time_point now) noexcept {
  if (attempt_count == max_attempts) {
    if (call.attempts_dropped < UINT8_MAX) ++call.attempts_dropped;
    return nullptr;
  }
  auto& attempt = attempts[attempt_count++];
  attempt = attempt_record{};
  attempt.started = attempt.phase_started = now;
  attempt.call = static_cast<std::uint8_t>(index_of(call));
  attempt.kind = kind;
  attempt.of = of;
  ++call.attempt_count;
  return &attempt;
}

bool request_record::has_problem() const noexcept {
  // A client that disconnects, such as one with a faster response from another replica, cancels calls as well.
  if (interrupted_by == cancellation_cause::client) return false;
  if (interrupted_by != cancellation_cause::none || status >= 500) return true;
  return std::ranges::any_of(
      all_calls(), [](const call_record& call) { return call.outcome != "ok" && call.outcome != "client_error"; });
}

}  // namespace cohort::telemetry

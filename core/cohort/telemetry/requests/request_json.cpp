// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/requests/request_json.hpp>

#include <cohort/runtime/time/date_format.hpp>

namespace cohort::telemetry {
namespace {

void write_phase(json::writer& out, std::string_view name, const attempt_record& attempt, attempt_phase written_phase,
                 time_point now) {
  const auto current = attempt.phase == written_phase ? now - attempt.phase_start_time : duration::zero();
  write_milliseconds(out, name, attempt.phase_duration(written_phase) + current);
}

void write_attempt(json::writer& out, const request_record& request, const call_record& call,
                   const attempt_record& attempt, time_point now) {
  out.open_object().field("kind", to_string(attempt.kind));
  if (attempt.kind != attempt_kind::first) out.field("of", attempt.of);
  if (attempt.address.port() != 0) out.field("address", format_address(attempt.address));
  write_milliseconds(out, "start_ms", attempt.started - request.started);
  write_phase(out, "queued_ms", attempt, attempt_phase::queued, now);
  write_phase(out, "connect_ms", attempt, attempt_phase::connect, now);
  write_phase(out, "tls_ms", attempt, attempt_phase::tls, now);
  write_phase(out, "wait_ms", attempt, attempt_phase::wait, now);
  write_phase(out, "read_ms", attempt, attempt_phase::read, now);
  if (attempt.has_ended()) {
    write_milliseconds(out, "end_ms", attempt.ended() - request.started);
    out.field("outcome", attempt.outcome);
  } else {
    out.field("phase", to_string(attempt.phase));
  }
  if (attempt.status != 0) out.field("status", attempt.status);
  if (attempt.cancelled_by != cancellation_cause::none) out.field("cancelled_by", to_string(attempt.cancelled_by));
  if (!call.deadline.is_never() && attempt.has_ended()) {
    write_milliseconds(out, "budget_end_ms", call.deadline.remaining(attempt.ended()));
  }
  if (attempt.sent_timeout >= duration::zero()) write_milliseconds(out, "deadline_sent_ms", attempt.sent_timeout);
  out.close_object();
}

void write_call(json::writer& out, const request_record& request, const call_record& call, time_point now) {
  out.open_object().field("kind", to_string(call.kind)).field("upstream", call.name.view());
  if (!call.detail.view().empty()) out.field("detail", call.detail.view());
  write_milliseconds(out, "start_ms", call.started - request.started);
  if (!call.deadline.is_never()) write_milliseconds(out, "budget_ms", call.deadline.remaining(call.started));
  if (call.has_ended()) {
    write_milliseconds(out, "end_ms", call.ended - request.started);
    out.field("outcome", call.outcome);
    if (call.cancelled_by != cancellation_cause::none) out.field("cancelled_by", to_string(call.cancelled_by));
  } else if (!call.deadline.is_never()) {
    write_milliseconds(out, "remaining_ms", call.deadline.remaining(now));
  }
  write_attempts(out, request, call, now);
  out.close_object();
}

void write_identity(json::writer& out, const request_record& request) {
  if (request.trace.id) {
    const auto hex = request.trace.id.hex();
    out.field("trace_id", std::string_view{hex.data(), hex.size()});
  }
  if (!request.request_id.view().empty()) out.field("request_id", request.request_id.view());
  out.field("method", request.method.view()).field("route", request.route.view());
  out.field("started_at", std::string_view{format_rfc3339_milliseconds(request.wall_start_time)});
}

}  // namespace

std::string format_address(const boost::asio::ip::tcp::endpoint& address) {
  const auto text = address.address().to_string();
  return (address.address().is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(address.port());
}

void write_milliseconds(json::writer& out, std::string_view name, duration span) {
  out.key(name).fixed(to_milliseconds(span), 3);
}

void write_attempts(json::writer& out, const request_record& request, const call_record& call, time_point now) {
  const auto index = request.index_of(call);
  if (call.dropped_attempt_count > 0) out.field("attempts_dropped", call.dropped_attempt_count);
  out.key("attempts").open_array();
  for (const auto& attempt : request.all_attempts()) {
    if (attempt.call == index) write_attempt(out, request, call, attempt, now);
  }
  out.close_array();
}

void write_awaits(json::writer& out, const request_record& request, time_point now) {
  out.key("awaits").open_array();
  for (const auto& call : request.all_calls()) {
    if (call.has_ended()) continue;
    out.open_object().field("kind", to_string(call.kind)).field("name", call.name.view());
    if (!call.detail.view().empty()) out.field("detail", call.detail.view());
    write_milliseconds(out, "age_ms", now - call.started);
    if (!call.deadline.is_never()) write_milliseconds(out, "remaining_ms", call.deadline.remaining(now));
    if (call.attempt_count > 0) {
      out.key("attempts").open_array();
      const auto index = request.index_of(call);
      for (const auto& attempt : request.all_attempts()) {
        if (attempt.call == index && !attempt.has_ended()) write_attempt(out, request, call, attempt, now);
      }
      out.close_array();
    }
    out.close_object();
  }
  out.close_array();
}

void write_request_members(json::writer& out, const request_record& request, time_point now) {
  write_identity(out, request);
  if (request.has_ended()) {
    write_milliseconds(out, "duration_ms", request.ended - request.started);
    out.field("status", request.status);
  } else {
    write_milliseconds(out, "age_ms", now - request.started);
  }
  if (!request.deadline.is_never()) {
    write_milliseconds(out, "deadline_ms", request.deadline.remaining(request.started));
    // The deadline does not apply to a streamed body.
    if (!request.is_streamed) {
      write_milliseconds(out, "remaining_ms", request.deadline.remaining(request.has_ended() ? request.ended : now));
    }
  }
  if (request.cancelled_by != cancellation_cause::none) {
    out.field("interrupted_by", to_string(request.cancelled_by));
  }
  if (request.is_streamed) out.field("streamed", true);
  out.key("calls").open_array();
  for (const auto& call : request.all_calls()) write_call(out, request, call, now);
  out.close_array();
  if (request.dropped_call_count > 0) out.field("calls_dropped", request.dropped_call_count);
}

}  // namespace cohort::telemetry

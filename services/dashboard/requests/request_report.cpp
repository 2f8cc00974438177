// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/requests/request_report.hpp"

#include <algorithm>

#include <cohort/runtime/time/date_format.hpp>
#include <cohort/telemetry/requests/request_json.hpp>

namespace cohort::dashboard {
namespace {

constexpr std::size_t max_reason_length = 200;

const telemetry::call_record* find_call(const telemetry::request_record& request, std::string_view upstream) {
  const auto calls = request.all_calls();
  const auto found =
      std::ranges::find(calls, upstream, [](const telemetry::call_record& call) { return call.name.view(); });
  return found == calls.end() ? nullptr : &*found;
}

/// Returns the time from the start of the request to its deadline; without a deadline, to the latest deadline of its
/// calls.
duration timeout_of(const telemetry::request_record& request) {
  if (!request.deadline.is_never()) return request.deadline.remaining(request.started);
  auto longest = duration::zero();
  for (const auto& call : request.all_calls()) {
    if (!call.deadline.is_never()) longest = std::max(longest, call.deadline.remaining(request.started));
  }
  return longest;
}

void write_call(json::writer& out, const telemetry::request_record& request, const call_summary& summary) {
  out.open_object().field("service", summary.service).field("state", to_string(summary.state));
  const auto* call = find_call(request, summary.upstream);
  const auto start = call ? call->started : request.started;
  telemetry::write_milliseconds(out, "start_ms", start - request.started);
  telemetry::write_milliseconds(out, "end_ms", (call ? call->ended : request.ended) - request.started);
  const bool has_budget = call && !call->deadline.is_never();
  telemetry::write_milliseconds(out, "budget_ms", has_budget ? call->deadline.remaining(start) : duration::zero());
  if (!summary.reason.empty()) out.field("reason", std::string_view{summary.reason}.substr(0, max_reason_length));
  if (call) {
    telemetry::write_attempts(out, request, *call, request.ended);
  } else {
    out.key("attempts").open_array().close_array();
  }
  out.close_object();
}

constexpr std::string_view attempt_schema =
    R"({"type":"object","properties":{)"
    R"("kind":{"type":"string","enum":["first","retry","hedge","redirect"]},)"
    R"("of":{"type":"integer","minimum":0,"description":"The index of the attempt that this attempt retries, resends or hedges"},)"
    R"("address":{"type":"string","description":"IP address and port"},)"
    R"("start_ms":{"type":"number","minimum":0},)"
    R"("queued_ms":{"type":"number","minimum":0,"description":"Name resolution and the choice of an address"},)"
    R"("connect_ms":{"type":"number","minimum":0},"tls_ms":{"type":"number","minimum":0},)"
    R"("wait_ms":{"type":"number","minimum":0,"description":"Until the first byte of the response"},)"
    R"("read_ms":{"type":"number","minimum":0},"end_ms":{"type":"number","minimum":0},)"
    R"("outcome":{"type":"string","enum":["response","timeout","connect_error","dns_error","tls_error","reset",)"
    R"("protocol_error","too_large","invalid_request","cancelled"]},)"
    R"("status":{"type":"integer","minimum":100,"maximum":999},)"
    R"("cancelled_by":{"type":"string","enum":["deadline","hedge","client","shutdown","caller"]},)"
    R"("budget_end_ms":{"type":"number","minimum":0},"deadline_sent_ms":{"type":"number","minimum":0}},)"
    R"("required":["kind","start_ms","queued_ms","connect_ms","tls_ms","wait_ms","read_ms","end_ms","outcome"],)"
    R"("additionalProperties":false})";

constexpr std::string_view call_schema_head =
    R"({"type":"object","properties":{)"
    R"("service":{"type":"string","enum":["time_service","sysinfo_service","weather_service"]},)"
    R"("state":{"type":"string","enum":["fresh","stale","timeout","error","shed","open"]},)"
    R"("start_ms":{"type":"number","minimum":0},"end_ms":{"type":"number","minimum":0},)"
    R"("budget_ms":{"type":"number","minimum":0,"description":"Remaining time at the start of the call"},)"
    R"("reason":{"type":"string","minLength":1,"maxLength":200},"attempts_dropped":{"type":"integer","minimum":1},)"
    R"("attempts":{"type":"array","items":)";

}  // namespace

std::string request_json(const telemetry::request_record& request, std::span<const call_summary> calls) {
  std::string text;
  json::writer out{text};
  const auto trace = request.trace.id.hex();
  out.open_object().field("trace_id", std::string_view{trace.data(), trace.size()});
  out.field("started_at", std::string_view{format_rfc3339_milliseconds(request.wall_start_time)});
  telemetry::write_milliseconds(out, "duration_ms", request.ended - request.started);
  telemetry::write_milliseconds(out, "deadline_ms", timeout_of(request));
  const bool is_complete = std::ranges::all_of(calls, [](const call_summary& call) {
    return call.state == part_state::fresh || call.state == part_state::stale;
  });
  out.field("status", is_complete ? "complete" : "degraded").key("calls").open_array();
  for (const auto& call : calls) write_call(out, request, call);
  out.close_array().close_object();
  return text;
}

std::string request_schema() {
  std::string schema =
      R"({"type":"object","description":"Times are in milliseconds since the start of the request","properties":{)"
      R"("trace_id":{"type":"string","minLength":32,"maxLength":32},)"
      R"("started_at":{"type":"string","format":"date-time"},)"
      R"("duration_ms":{"type":"number","minimum":0},"deadline_ms":{"type":"number","minimum":0},)"
      R"("status":{"type":"string","enum":["complete","degraded"]},"calls":{"type":"array","items":)";
  schema.append(call_schema_head).append(attempt_schema);
  schema += R"(}},"required":["service","state","start_ms","end_ms","budget_ms","attempts"],)"
            R"("additionalProperties":false}}},)"
            R"("required":["trace_id","started_at","duration_ms","deadline_ms","status","calls"],)"
            R"("additionalProperties":false})";
  return schema;
}

}  // namespace cohort::dashboard

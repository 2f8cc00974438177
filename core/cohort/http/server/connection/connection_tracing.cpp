// SPDX-License-Identifier: BSL-1.0
// Records the spans of requests. Attributes follow OpenTelemetry's semantic conventions for HTTP
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/); Cohort's own attributes start with `cohort.`.
#include <array>
#include <charconv>

#include <cohort/http/server/connection/connection.hpp>
#include <cohort/telemetry/tracing/call_spans.hpp>
#include <cohort/telemetry/tracing/tracer.hpp>

namespace cohort::http {
namespace {

using telemetry::attribute;

constexpr std::size_t max_path = 1024;
constexpr std::size_t max_attributes = 16;

/// The name of the span, such as `GET /api/time`. Without a route, it is the method alone, which bounds the number of
/// names.
std::string span_name(const request_context& context) {
  const bool is_known = context.head().method != method::unknown;
  std::string name{is_known ? context.head().method_text : std::string_view{"HTTP"}};
  if (context.matched_route()) name.append(" ").append(context.endpoint());
  return name;
}

}  // namespace

/// Assigns a span ID to the request, and decides whether its trace is sampled.
void connection::begin_span(request_context& context) noexcept {
  auto trace = context.trace();
  context.set_parent_span_id(shard_.state().settings.tracer->begin(trace, shard_.event_loop().random()));
  context.set_trace(trace);
}

void connection::record_span(const request_context& context, const sent_response& response, time_point started) {
  if (route_ && route_->is_probe()) return;
  auto& current = shard_.event_loop();
  const auto ended = started + response.elapsed;
  const auto request_deadline = current_deadline(context);
  const bool has_deadline = request_deadline.remaining(ended) != duration::max();
  const auto* record = context.timing().recording().get();
  // For a streamed response, the deadline applies only to the head.
  const bool is_past_deadline = request_deadline.expired(ended) && !(record && record->is_streamed);
  const bool has_missed_deadline = response.code == status::gateway_timeout || is_past_deadline ||
                                   (record && telemetry::has_missed_deadline(*record));
  if (!telemetry::tracer::is_exported(context.trace(), has_missed_deadline)) return;

  std::array<attribute, max_attributes> attributes;
  std::size_t count = 0;
  const auto add = [&](telemetry::field_name name, auto value) { attributes[count++] = attribute{name, value}; };
  const auto code = static_cast<unsigned>(response.code);
  std::array<char, 4> digits{};
  const auto* const digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), code).ptr;
  add("http.request.method", head_.method_text);
  add("url.path", head_.path.substr(0, max_path));
  add("url.scheme", std::string_view{context.is_secure() ? "https" : "http"});
  if (context.matched_route()) add("http.route", context.endpoint());
  add("http.response.status_code", std::int64_t{code});
  add("http.response.body.size", static_cast<std::int64_t>(response.body_bytes));
  add("client.address", context.client_address());
  add("network.peer.address", context.peer_address());
  add("cohort.request_id", context.id());
  if (has_deadline) {
    add("cohort.deadline.budget_ms", to_milliseconds(request_deadline.remaining(started)));
    add("cohort.deadline.left_ms", to_milliseconds(request_deadline.remaining(ended)));
  }
  if (has_missed_deadline) add("cohort.deadline.missed", true);
  if (!response.is_complete) add("cohort.response.incomplete", true);
  const bool is_error = code >= 500;
  if (is_error)
    add("error.type", std::string_view{digits.data(), static_cast<std::size_t>(digits_end - digits.data())});

  const auto name = span_name(context);
  // All spans of the request have one offset, so that a delay between two readings does not shift them.
  const auto wall_offset = current.wall_now().time_since_epoch() - current.now().time_since_epoch();
  telemetry::span span;
  span.trace = context.trace();
  span.parent_id = context.parent_span_id();
  span.has_remote_parent = span.parent_id != 0;
  span.name = name;
  span.kind = telemetry::span_kind::server;
  span.start = wall_time{started.time_since_epoch() + wall_offset};
  span.end = wall_time{ended.time_since_epoch() + wall_offset};
  span.attributes = {attributes.data(), count};
  span.status = is_error ? telemetry::span_status::error : telemetry::span_status::unset;
  auto& tracer = *shard_.state().settings.tracer;
  tracer.record(span);
  if (record) telemetry::record_calls(tracer, *record, context.trace(), current, wall_offset);
}

}  // namespace cohort::http

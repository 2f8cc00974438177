// SPDX-License-Identifier: BSL-1.0
// The JSON encoding of OTLP: Protocol Buffers' JSON mapping, with IDs in hexadecimal and enumerations as numbers.
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include <cohort/runtime/version.hpp>
#include <cohort/telemetry/otlp/otlp_fields.hpp>

namespace cohort::telemetry::detail {
namespace {

/// 64-bit integers are strings in the JSON mapping.
template <class Number>
void write_integer(json::writer& output, Number number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  output.value(std::string_view{digits, static_cast<std::size_t>(end - digits)});
}

void write_any_value(json::writer& output, std::string_view text) { output.field("stringValue", text); }
void write_any_value(json::writer& output, bool flag) { output.field("boolValue", flag); }
void write_any_value(json::writer& output, std::int64_t number) {
  output.key("intValue");
  write_integer(output, number);
}
void write_any_value(json::writer& output, double number) { output.field("doubleValue", number); }

template <class Value>
void write_key_value(json::writer& output, std::string_view name, const Value& value) {
  output.open_object().field("key", name).key("value").open_object();
  write_any_value(output, value);
  output.close_object().close_object();
}

void write_attribute(json::writer& output, const attribute& attribute) {
  std::visit([&](const auto& value) { write_key_value(output, attribute.name, value); }, attribute.value);
}

void write_attributes(json::writer& output, std::span<const attribute> attributes) {
  output.key("attributes").open_array();
  for (const auto& element : attributes) write_attribute(output, element);
  output.close_array();
}

void write_time(json::writer& output, std::string_view name, wall_time time) {
  output.key(name);
  write_integer(output, unix_nanoseconds(time));
}

void write_trace_id(json::writer& output, trace_id id) {
  const auto digits = id.hex();
  output.field("traceId", std::string_view{digits.data(), digits.size()});
}
void write_span_id(json::writer& output, std::string_view name, std::uint64_t id) {
  const auto digits = span_id_hex(id);
  output.field(name, std::string_view{digits.data(), digits.size()});
}

void write_events(json::writer& output, std::span<const span_event> events) {
  output.key("events").open_array();
  for (const auto& element : events) {
    output.open_object().field("name", element.name);
    write_time(output, "timeUnixNano", element.time);
    write_attributes(output, element.attributes);
    output.close_object();
  }
  output.close_array();
}

void write_status(json::writer& output, const span& span) {
  output.key("status").open_object();
  if (!span.status_message.empty()) output.field("message", span.status_message);
  output.field("code", static_cast<unsigned>(span.status)).close_object();
}

}  // namespace

void append_json(std::string& items, const span& span) {
  if (!items.empty()) items.push_back(',');
  json::writer output{items};
  output.open_object();
  write_trace_id(output, span.trace.id);
  write_span_id(output, "spanId", span.trace.span_id);
  if (!span.trace.state.empty()) output.field("traceState", span.trace.state);
  if (span.parent_id != 0) write_span_id(output, "parentSpanId", span.parent_id);
  output.field("flags", span_flags(span)).field("name", span.name).field("kind", static_cast<unsigned>(span.kind));
  write_time(output, "startTimeUnixNano", span.start);
  write_time(output, "endTimeUnixNano", span.end);
  write_attributes(output, span.attributes);
  if (!span.events.empty()) write_events(output, span.events);
  if (span.status != span_status::unset) write_status(output, span);
  output.close_object();
}

void append_json(std::string& items, const log_record& record) {
  if (!items.empty()) items.push_back(',');
  const auto ids = find_ids(record);
  json::writer output{items};
  output.open_object();
  write_time(output, "timeUnixNano", record.time);
  write_time(output, "observedTimeUnixNano", record.time);
  output.field("severityNumber", severity_number(record.level)).field("severityText", severity_text(record.level));
  output.key("body").open_object();
  write_any_value(output, record.message);
  output.close_object().key("attributes").open_array();
  for (const auto& element : record.attributes) {
    if (!is_trace_context_field(element, ids)) write_attribute(output, element);
  }
  output.close_array();
  if (ids.trace) write_trace_id(output, ids.trace);
  if (ids.span != 0) write_span_id(output, "spanId", ids.span);
  output.close_object();
}

std::string json_request(otlp_signal signal, const resource_attributes& resource, std::string_view items) {
  const bool is_traces_signal = signal == otlp_signal::traces;
  std::string body;
  body.reserve(items.size() + 1024);
  json::writer output{body};
  output.open_object().key(is_traces_signal ? "resourceSpans" : "resourceLogs").open_array().open_object();
  output.key("resource").open_object().key("attributes").open_array();
  for (const auto& [name, value] : resource) write_key_value(output, name, std::string_view{value});
  output.close_array().close_object().key(is_traces_signal ? "scopeSpans" : "scopeLogs").open_array().open_object();
  output.key("scope").open_object().field("name", "cohort").field("version", version()).close_object();
  output.key(is_traces_signal ? "spans" : "logRecords").open_array().raw(items).close_array();
  output.close_object().close_array().close_object().close_array().close_object();
  return body;
}

std::optional<partial_success> parse_json_response(otlp_signal signal, std::string_view body) {
  partial_success result;
  if (body.empty()) return result;
  simdjson::dom::element root;
  if (!json::parse_document(body, root)) return std::nullopt;
  simdjson::dom::element partial;
  if (root["partialSuccess"].get(partial) != simdjson::SUCCESS) return result;
  const auto rejected = partial[signal == otlp_signal::traces ? "rejectedSpans" : "rejectedLogRecords"];
  std::string_view text;
  std::uint64_t number = 0;
  if (rejected.get(number) == simdjson::SUCCESS) {
    result.rejected = number;
  } else if (rejected.get(text) == simdjson::SUCCESS) {
    std::from_chars(text.data(), text.data() + text.size(), result.rejected);
  }
  if (partial["errorMessage"].get(text) == simdjson::SUCCESS) result.message = text;
  return result;
}

}  // namespace cohort::telemetry::detail

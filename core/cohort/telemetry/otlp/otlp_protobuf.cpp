// SPDX-License-Identifier: BSL-1.0
// The field numbers are those of opentelemetry-proto 1.x: common/v1, resource/v1, trace/v1, logs/v1, collector/*/v1.
#include <cohort/runtime/version.hpp>
#include <cohort/telemetry/otlp/otlp_fields.hpp>
#include <cohort/telemetry/otlp/protobuf.hpp>

namespace cohort::telemetry::detail {
namespace {

/// The field number of both `ScopeSpans.spans` and `ScopeLogs.log_records`.
constexpr std::uint32_t item_field = 2;

void write_any_value(protobuf_writer& output, std::string_view text) { output.string_field(1, text); }
void write_any_value(protobuf_writer& output, bool flag) { output.write_varint_field(2, flag ? 1 : 0); }
void write_any_value(protobuf_writer& output, std::int64_t number) {
  output.write_varint_field(3, static_cast<std::uint64_t>(number));
}
void write_any_value(protobuf_writer& output, double number) { output.write_double_field(4, number); }

template <class Value>
void write_key_value(protobuf_writer& output, std::uint32_t field, std::string_view name, const Value& value) {
  output.write_message_field(field, [&] {
    output.string_field(1, name);
    output.write_message_field(2, [&] { write_any_value(output, value); });
  });
}

void write_attribute(protobuf_writer& output, std::uint32_t field, const attribute& attribute) {
  std::visit([&](const auto& value) { write_key_value(output, field, attribute.name, value); }, attribute.value);
}

void write_attributes(protobuf_writer& output, std::uint32_t field, std::span<const attribute> attributes) {
  for (const auto& element : attributes) write_attribute(output, field, element);
}

/// IDs are sent in network byte order.
template <std::size_t size>
void write_id(protobuf_writer& output, std::uint32_t field, const std::array<std::uint64_t, size>& parts) {
  std::array<char, 8 * size> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(parts[i / 8] >> (56 - 8 * (i % 8)));
  output.write_bytes_field(field, {bytes.data(), bytes.size()});
}

void write_trace_id(protobuf_writer& output, std::uint32_t field, trace_id id) {
  write_id<2>(output, field, {id.high, id.low});
}
void write_span_id(protobuf_writer& output, std::uint32_t field, std::uint64_t id) { write_id<1>(output, field, {id}); }

void write_event(protobuf_writer& output, const span_event& span_event) {
  output.write_message_field(11, [&] {
    output.write_fixed64_field(1, unix_nanoseconds(span_event.time));
    output.string_field(2, span_event.name);
    write_attributes(output, 3, span_event.attributes);
  });
}

void write_status(protobuf_writer& output, const span& span) {
  if (span.status == span_status::unset) return;
  output.write_message_field(15, [&] {
    if (!span.status_message.empty()) output.string_field(2, span.status_message);
    output.write_varint_field(3, static_cast<std::uint64_t>(span.status));
  });
}

}  // namespace

void append_protobuf(std::string& items, const span& span) {
  protobuf_writer output{items};
  output.write_message_field(item_field, [&] {
    write_trace_id(output, 1, span.trace.id);
    write_span_id(output, 2, span.trace.span_id);
    if (!span.trace.state.empty()) output.string_field(3, span.trace.state);
    if (span.parent_id != 0) write_span_id(output, 4, span.parent_id);
    output.string_field(5, span.name);
    output.write_varint_field(6, static_cast<std::uint64_t>(span.kind));
    output.write_fixed64_field(7, unix_nanoseconds(span.start));
    output.write_fixed64_field(8, unix_nanoseconds(span.end));
    write_attributes(output, 9, span.attributes);
    for (const auto& element : span.events) write_event(output, element);
    write_status(output, span);
    output.write_fixed32_field(16, span_flags(span));
  });
}

void append_protobuf(std::string& items, const log_record& record) {
  protobuf_writer output{items};
  const auto ids = find_ids(record);
  output.write_message_field(item_field, [&] {
    output.write_fixed64_field(1, unix_nanoseconds(record.time));
    output.write_varint_field(2, severity_number(record.level));
    output.string_field(3, severity_text(record.level));
    output.write_message_field(5, [&] { write_any_value(output, record.message); });
    for (const auto& element : record.attributes) {
      if (!is_trace_context_field(element, ids)) write_attribute(output, 6, element);
    }
    if (ids.trace) write_trace_id(output, 9, ids.trace);
    if (ids.span != 0) write_span_id(output, 10, ids.span);
    output.write_fixed64_field(11, unix_nanoseconds(record.time));
  });
}

std::string protobuf_request(const resource_attributes& resource, std::string_view items) {
  std::string body;
  body.reserve(items.size() + 1024);
  protobuf_writer output{body};
  output.write_message_field(1, [&] {
    output.write_message_field(1, [&] {
      for (const auto& [name, value] : resource) write_key_value(output, 1, name, std::string_view{value});
    });
    output.write_message_field(2, [&] {
      output.write_message_field(1, [&] {
        output.string_field(1, "cohort");
        output.string_field(2, version());
      });
      body.append(items);
    });
  });
  return body;
}

std::optional<partial_success> parse_protobuf_response(std::string_view body) {
  partial_success result;
  protobuf_reader response{body};
  while (const auto field = response.next()) {
    if (field->field != 1) continue;
    protobuf_reader partial_success_reader{field->bytes};
    while (const auto partial_field = partial_success_reader.next()) {
      if (partial_field->field == 1) result.rejected = partial_field->number;
      if (partial_field->field == 2) result.message = partial_field->bytes;
    }
    if (partial_success_reader.is_malformed()) return std::nullopt;
  }
  if (response.is_malformed()) return std::nullopt;
  return result;
}

}  // namespace cohort::telemetry::detail

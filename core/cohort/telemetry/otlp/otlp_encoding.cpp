// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/otlp_encoding.hpp>

#include <cohort/telemetry/otlp/otlp_fields.hpp>

namespace cohort::telemetry {

namespace detail {
namespace {

const std::string_view* get_text(const attribute& field) noexcept {
  return std::get_if<std::string_view>(&field.value);
}

}  // namespace

std::string_view severity_text(log_level level) noexcept {
  constexpr std::array<std::string_view, 6> names{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", ""};
  return names[static_cast<std::size_t>(level)];
}

record_ids find_ids(const log_record& record) noexcept {
  record_ids ids;
  for (const auto& field : record.attributes) {
    const auto* text = get_text(field);
    if (!text) continue;
    if (field.name == "trace_id") ids.trace = parse_trace_id(*text).value_or(trace_id{});
    if (field.name == "span_id") ids.span = parse_span_id(*text).value_or(0);
  }
  return ids;
}

bool is_trace_context_field(const attribute& field, const record_ids& ids) noexcept {
  return (field.name == "trace_id" && ids.trace) || (field.name == "span_id" && ids.span != 0);
}

}  // namespace detail

std::string_view content_type(otlp_encoding encoding) noexcept {
  return encoding == otlp_encoding::protobuf ? "application/x-protobuf" : "application/json";
}

std::string_view to_string(otlp_signal signal) noexcept { return signal == otlp_signal::traces ? "traces" : "logs"; }

void append_item(std::string& items, otlp_encoding encoding, const span& span) {
  encoding == otlp_encoding::protobuf ? detail::append_protobuf(items, span) : detail::append_json(items, span);
}

void append_item(std::string& items, otlp_encoding encoding, const log_record& record) {
  encoding == otlp_encoding::protobuf ? detail::append_protobuf(items, record) : detail::append_json(items, record);
}

std::string export_request(otlp_signal signal, otlp_encoding encoding, const resource_attributes& resource,
                           std::string_view items) {
  return encoding == otlp_encoding::protobuf ? detail::protobuf_request(resource, items)
                                             : detail::json_request(signal, resource, items);
}

std::optional<partial_success> parse_export_response(otlp_signal signal, otlp_encoding encoding,
                                                     std::string_view body) {
  return encoding == otlp_encoding::protobuf ? detail::parse_protobuf_response(body)
                                             : detail::parse_json_response(signal, body);
}

}  // namespace cohort::telemetry

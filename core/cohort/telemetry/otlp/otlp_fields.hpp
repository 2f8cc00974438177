// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/telemetry/otlp/otlp_encoding.hpp>

// Functions that both encodings use.
namespace cohort::telemetry::detail {

/// The values of `SeverityNumber`.
constexpr unsigned severity_number(log_level level) noexcept {
  return level == log_level::off ? 0 : 1 + 4 * static_cast<unsigned>(level);
}
std::string_view severity_text(log_level level) noexcept;

/// Nanoseconds since 1970; 0 for earlier times.
constexpr std::uint64_t unix_nanoseconds(wall_time time) noexcept {
  const auto count = time.time_since_epoch().count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

/// `Span.flags`: the trace flags, and whether the parent is remote.
constexpr std::uint32_t span_flags(const span& span) noexcept {
  constexpr std::uint32_t has_is_remote_mask = 0x100;
  constexpr std::uint32_t is_remote_mask = 0x200;
  return (span.trace.is_sampled ? 1U : 0U) | has_is_remote_mask | (span.has_remote_parent ? is_remote_mask : 0U);
}

/// The IDs in the fields of a log record.
struct record_ids {
  trace_id trace;
  std::uint64_t span = 0;
};
record_ids find_ids(const log_record& record) noexcept;
/// Whether the field is an ID of the record instead of an attribute.
bool is_trace_context_field(const attribute& field, const record_ids& ids) noexcept;

void append_protobuf(std::string& items, const span& span);
void append_protobuf(std::string& items, const log_record& record);
std::string protobuf_request(const resource_attributes& resource, std::string_view items);
std::optional<partial_success> parse_protobuf_response(std::string_view body);

void append_json(std::string& items, const span& span);
void append_json(std::string& items, const log_record& record);
std::string json_request(otlp_signal signal, const resource_attributes& resource, std::string_view items);
std::optional<partial_success> parse_json_response(otlp_signal signal, std::string_view body);

}  // namespace cohort::telemetry::detail

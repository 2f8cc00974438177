// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/telemetry/tracing/span.hpp>

namespace cohort::telemetry {

/// The encodings of OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/).
enum class otlp_encoding : std::uint8_t { protobuf, json };
enum class otlp_signal : std::uint8_t { traces, logs };

/// `application/x-protobuf` or `application/json`.
std::string_view content_type(otlp_encoding encoding) noexcept;
/// The name of a signal: `traces` or `logs`.
std::string_view to_string(otlp_signal signal) noexcept;

/// The attributes of the exporting service, such as `service.name`.
using resource_attributes = std::vector<std::pair<std::string, std::string>>;

/// Appends a span to `items`, the encoded items of one request (message `Span` of opentelemetry.proto.trace.v1).
void append_item(std::string& items, otlp_encoding encoding, const span& span);
/// Appends a log record to `items` (message `LogRecord` of opentelemetry.proto.logs.v1).
void append_item(std::string& items, otlp_encoding encoding, const log_record& record);

/// Returns the body of an export request (`ExportTraceServiceRequest`, `ExportLogsServiceRequest`) for the items of one
/// resource.
std::string export_request(otlp_signal signal, otlp_encoding encoding, const resource_attributes& resource,
                           std::string_view items);

/// The partial success of a response (`ExportTracePartialSuccess`, `ExportLogsPartialSuccess`).
struct partial_success {
  std::uint64_t rejected = 0;
  std::string message;
};
/// Parses the body of a response. Returns an empty optional if the body is not a valid message. If the message has no
/// partial success, `rejected` is 0.
std::optional<partial_success> parse_export_response(otlp_signal signal, otlp_encoding encoding, std::string_view body);

}  // namespace cohort::telemetry

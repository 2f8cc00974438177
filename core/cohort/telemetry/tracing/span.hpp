// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <cohort/runtime/time/clock.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::telemetry {

/// Name and value, as in log lines.
using attribute = log_field;

/// The values of `Span.SpanKind` in OpenTelemetry's protocol.
enum class span_kind : std::uint8_t { internal = 1, server = 2, client = 3 };
/// The values of `Status.StatusCode`.
enum class span_status : std::uint8_t { unset = 0, ok = 1, error = 2 };

/// An event that occurred during a span.
struct span_event {
  std::string_view name;
  wall_time time{};
  std::span<const attribute> attributes{};
};

/// One completed operation of a trace, for export. All members refer to objects of the caller: a span is encoded
/// immediately and never stored.
struct span {
  /// The trace; its `span_id` is the ID of this span.
  trace_context trace;
  /// The ID of the parent; zero for the first span of a trace.
  std::uint64_t parent_id = 0;
  /// Whether the parent is in another process.
  bool has_remote_parent = false;
  std::string_view name{};
  span_kind kind = span_kind::internal;
  wall_time start{};
  wall_time end{};
  std::span<const attribute> attributes{};
  std::span<const span_event> events{};
  span_status status = span_status::unset;
  /// The description of the error; only for `span_status::error`.
  std::string_view status_message{};
};

/// A log line, for export.
struct log_record {
  wall_time time{};
  log_level level = log_level::info;
  std::string_view message{};
  /// The fields of the line. The fields `trace_id` (32 hexadecimal digits) and `span_id` (16 hexadecimal digits) are
  /// exported as the IDs of the record.
  std::span<const attribute> attributes{};
};

}  // namespace cohort::telemetry

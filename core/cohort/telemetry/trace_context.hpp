// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cohort {
class random_generator;
}

namespace cohort::telemetry {

/// Trace ID of the W3C Trace Context, which identifies one user request across all services. Zero means none.
struct trace_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  explicit constexpr operator bool() const noexcept { return (high | low) != 0; }
  friend constexpr bool operator==(const trace_id&, const trace_id&) = default;
  /// 32 lowercase hexadecimal digits.
  std::array<char, 32> hex() const noexcept;
};

/// Trace of a request, from `traceparent` or new (W3C Trace Context, https://www.w3.org/TR/trace-context/).
struct trace_context {
  trace_id id;
  /// True if the trace is recorded, so that it can be found in a tracing backend.
  bool is_sampled = false;
  /// `tracestate`, forwarded unchanged; empty if there is none. A view into the request.
  std::string_view state{};
  /// The ID of the current span: the span of the caller (the parent ID of `traceparent`), or, if the server records
  /// spans, the span of the request. The ID is zero if there is none.
  std::uint64_t span_id = 0;
};

/// Parses a `traceparent` of version 00, or the part of a later version that version 00 defines. Returns an empty
/// optional if the value is invalid, for example because of uppercase digits, a zero ID or a wrong length. Only the
/// flag `sampled` is kept, because version 00 requires that the other flags are sent as zero.
std::optional<trace_context> parse_traceparent(std::string_view value) noexcept;

/// Parses an ID of 32 lowercase hexadecimal digits; empty if it is invalid or zero.
std::optional<trace_id> parse_trace_id(std::string_view digits) noexcept;
/// Parses an ID of 16 lowercase hexadecimal digits; empty if it is invalid or zero.
std::optional<std::uint64_t> parse_span_id(std::string_view digits) noexcept;
/// 16 lowercase hexadecimal digits.
std::array<char, 16> span_id_hex(std::uint64_t id) noexcept;
/// Returns a new ID, which is not zero.
std::uint64_t make_span_id(random_generator& random) noexcept;

/// True if a `tracestate` can be forwarded: 1 to 512 printable ASCII characters. W3C Trace Context recommends
/// forwarding at least 512 characters.
bool is_valid_tracestate(std::string_view value) noexcept;

/// Returns a new trace, for a request without `traceparent`. The trace is sampled, because its ID is in the access log.
trace_context start_trace(random_generator& random) noexcept;

/// Returns the `traceparent` of one call to another server. `parent_id` is the ID of the span of that call.
std::array<char, 55> format_traceparent(const trace_context& trace, std::uint64_t parent_id) noexcept;
/// Like the overload above, but with a new parent ID.
std::array<char, 55> format_traceparent(const trace_context& trace, random_generator& random) noexcept;

}  // namespace cohort::telemetry

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/telemetry/trace_context.hpp>

namespace cohort {
class random_generator;
}

namespace cohort::messaging {

/// A message of a topic.
struct message {
  /// 1 to 100 bytes: letters, digits, `.`, `-` and `_`, such as `weather.reports`.
  std::string topic;
  std::string body;
  /// Identifies the message, so that subscribers detect duplicates. 1 to 200 visible ASCII characters. If the ID is
  /// empty, the publisher sets a random ID.
  std::string id{};
  /// The media type of the body; may be empty.
  std::string content_type{};
  /// Names and values, in no particular order. Names are unique, case-sensitive and at most 200 bytes.
  std::vector<std::pair<std::string, std::string>> headers{};

  /// The value of a header, or null.
  const std::string* header(std::string_view name) const noexcept;
  /// Adds or replaces a header.
  void set_header(std::string_view name, std::string value);

  friend bool operator==(const message&, const message&) = default;
};

/// Limits of every message, independent of the broker. RabbitMQ's short strings (AMQP 0-9-1, section 4.2.5.3) have at
/// most 255 bytes, and the names of queues contain topic and group.
struct message_limits {
  /// Maximum length of the names of topics and groups.
  static constexpr std::size_t max_name_size = 100;
  /// Maximum length of IDs, content types and names of headers.
  static constexpr std::size_t max_short_text_size = 200;
  static constexpr std::size_t max_body_size = std::size_t{1} << 20;
  /// Maximum total size of header names and values.
  static constexpr std::size_t max_headers_size = std::size_t{16} << 10;
};

/// The error of a message, with the accepted values; empty if it is valid.
std::string find_error(const message& message);
/// Whether a string can be a topic or a group: 1 to 100 bytes, letters, digits, `.`, `-` and `_`.
bool is_valid_name(std::string_view name) noexcept;

/// A random ID of 32 hexadecimal digits.
std::string make_message_id(random_generator& random);

/// Sets the headers `traceparent` and `tracestate` to the trace, with a new span as the parent of the receiver's spans.
/// Does nothing if `trace` has no trace ID. Source: W3C Trace Context, and its draft for AMQP, which uses the same
/// names as application properties (https://w3c.github.io/trace-context-amqp/).
void set_trace_context(message& message, const telemetry::trace_context& trace, random_generator& random);
/// Returns the trace context in the headers, which is valid for the lifetime of `message`. Empty if `traceparent` is
/// missing or invalid.
std::optional<telemetry::trace_context> find_trace_context(const message& message) noexcept;

}  // namespace cohort::messaging

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// The parts of a request target, still percent-encoded.
struct target_parts {
  std::string_view path;
  /// The query without the `?`; empty if there is none.
  std::string_view query;
};

/// Splits a request target in origin-form (`/a?b`), absolute-form (`http://host/a?b`) or asterisk-form (`*`, whose path
/// is `*`) (RFC 9112 section 3.2). Returns an empty result for any other form, and for a fragment, a control character,
/// an invalid percent-encoding or an encoded NUL. The authority of an absolute-form must be well-formed, and have a
/// host but no user information (RFC 9110 section 4.2.4).
std::optional<target_parts> split_target(std::string_view target) noexcept;

/// Returns the host and port of a target in absolute-form; empty for the other forms. Precondition: Precondition:
/// `split_target` accepts the target.
std::string_view target_authority(std::string_view target) noexcept;

/// Whether `text` is `uri-host [ ":" port ]` with a non-empty host (RFC 9110 section 7.2, RFC 3986 section 3.2.2) and a
/// port of at most 65535.
bool is_host_and_port(std::string_view text) noexcept;

/// Decodes percent-encoding; empty if it is malformed.
std::optional<std::string> percent_decode(std::string_view text);

/// Decodes a name or value of a query: percent-encoding, and `+` as a space; empty if it is malformed.
std::optional<std::string> decode_query_component(std::string_view text);

/// The decoded value of the first parameter `name` in a query; the empty string for a parameter without a value.
/// Returns an empty result if there is no such parameter or its value is malformed.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace cohort::http

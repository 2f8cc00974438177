// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// Removes the line at the start of `rest` with its CRLF, and returns it without the CRLF. No value if there is no CR,
/// or if the first one is not followed by LF.
inline std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
  const auto end = rest.find('\r');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n') return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

struct field_line {
  std::string_view name;
  /// Without the whitespace around it.
  std::string_view value;
};

/// Parses a line of a header section (RFC 9112 section 5). No value if it is invalid or continues the line before it.
inline std::optional<field_line> parse_field_line(std::string_view line) noexcept {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const field_line field{line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (!is_token(field.name) || !is_field_value(field.value)) return std::nullopt;
  return field;
}

}  // namespace cohort::http

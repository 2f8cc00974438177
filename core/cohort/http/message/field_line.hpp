// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// Removes the line at the start of `remaining` with its CRLF, and returns it without the CRLF. Returns no value if
/// there is no CR, or if the first CR is not followed by LF.
inline std::optional<std::string_view> take_line(std::string_view& remaining) noexcept {
  const auto end = remaining.find('\r');
  if (end == std::string_view::npos || end + 1 >= remaining.size() || remaining[end + 1] != '\n') return std::nullopt;
  const auto line = remaining.substr(0, end);
  remaining.remove_prefix(end + 2);
  return line;
}

/// Like `trimmed`, but inline, and fast for the value of the common form `Name: value`.
inline std::string_view trimmed_value(std::string_view text) noexcept {
  const bool is_common = text.size() > 1 && text[0] == ' ' && text[1] > ' ' && text.back() > ' ';
  return is_common ? text.substr(1) : trimmed(text);
}

struct field_line {
  std::string_view name;
  /// The value without the whitespace around it.
  std::string_view value;
};

/// Removes the header field line at the start of `remaining` with its CRLF, and parses it (RFC 9112 section 5). Returns
/// no value if it is invalid, incomplete, or continues the line before it. This function is always inline, because a
/// call for each field would return the parts in memory.
[[gnu::always_inline]] inline std::optional<field_line> take_field_line(std::string_view& remaining) noexcept {
  const auto name = remaining.substr(0, token_size(remaining));
  if (name.empty() || name.size() == remaining.size() || remaining[name.size()] != ':') return std::nullopt;
  auto after_name = remaining.substr(name.size() + 1);
  const auto value = after_name.substr(0, field_value_size(after_name));
  after_name.remove_prefix(value.size());
  if (!after_name.starts_with("\r\n")) return std::nullopt;
  remaining = after_name.substr(2);
  return field_line{name, trimmed_value(value)};
}

}  // namespace cohort::http

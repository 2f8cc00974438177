// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <cstddef>
#include <ostream>  // for the operators in Beast's headers
#include <string>
#include <string_view>

namespace cohort::http {

using status = boost::beast::http::status;
using method = boost::beast::http::verb;
using field = boost::beast::http::field;

/// A header field as received: views into the connection's buffer.
struct header_field {
  /// `field::unknown` for a name that is not in Beast's list of fields.
  field id;
  std::string_view name;
  /// The value without the whitespace around it.
  std::string_view value;
};

/// Whether `c` is a hexadecimal digit, in upper or lower case.
constexpr bool is_hex_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Returns `text` with its ASCII letters in lower case.
std::string to_lower_case(std::string_view text);

/// Returns `text` without the double quotes around it, if there are any.
std::string_view strip_quotes(std::string_view text) noexcept;

/// Whether both strings are equal, ignoring the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// Returns `text` without leading and trailing spaces and tabs (RFC 9110 section 5.6.3).
std::string_view trimmed(std::string_view text) noexcept;

/// Removes the first element from a comma-separated list (RFC 9110 section 5.6.1) and returns it without the
/// whitespace around it. Precondition: `list` is not empty.
std::string_view next_list_element(std::string_view& list) noexcept;

/// Whether a comma-separated list contains `element`, ignoring the case of ASCII letters.
bool has_list_element(std::string_view list, std::string_view element) noexcept;

/// The number of characters at the start of `text` that a token may contain (RFC 9110 section 5.6.2).
std::size_t token_size(std::string_view text) noexcept;

/// The number of characters at the start of `text` that the value of a field may contain: up to the first control
/// character except tab (RFC 9110 section 5.5).
std::size_t field_value_size(std::string_view text) noexcept;

/// Whether `text` is a token (RFC 9110 section 5.6.2), as field names and methods are.
bool is_token(std::string_view text) noexcept;

/// Whether `value` has no control character except tab (RFC 9110 section 5.5).
bool is_field_value(std::string_view value) noexcept;

}  // namespace cohort::http

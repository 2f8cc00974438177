// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort::http {

/// A field value with parameters, such as `form-data; name="a"`.
struct parameterized_value {
  std::string_view value;
  std::vector<std::pair<std::string_view, std::string>> parameters;

  /// The value of the parameter; names are case-insensitive.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

/// Parses `value *( OWS ";" OWS token "=" ( token / quoted-string ) )` (RFC 9110 section 5.6.6). Returns an empty
/// result if it is malformed or a parameter is repeated. In a quoted string, a backslash is literal unless a quote or
/// another backslash follows, because some clients send Windows paths.
std::optional<parameterized_value> parse_parameters(std::string_view text);

}  // namespace cohort::http

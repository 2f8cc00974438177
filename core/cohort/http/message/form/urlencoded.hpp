// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

namespace cohort::http {

/// Decoded names and values, in the order of the text.
using form_fields = std::vector<std::pair<std::string, std::string>>;

/// Parses `application/x-www-form-urlencoded` (WHATWG URL standard, section 5.1), as in queries and the bodies of HTML
/// forms; a name without `=` has an empty value. The parser is stricter than the standard: malformed percent-encoding,
/// and names or values that are not UTF-8 or contain NUL, are errors. The error is a reason such as `must have at most
/// 256 parameters`.
boost::system::result<form_fields, std::string> parse_urlencoded(std::string_view text, std::size_t max_fields = 256);

}  // namespace cohort::http

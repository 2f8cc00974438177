// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {

/// A URL or relative reference without its fragment, in which every character that RFC 3986 does not permit is
/// percent-encoded: spaces, quotes, bytes of UTF-8, and `%` without two hexadecimal digits. Existing percent-encodings
/// are not changed. The result can still be invalid, for example because of its host.
std::string encode_invalid_characters(std::string_view reference);

/// Appends a path or a query, encoded like the path and the query of a reference. Precondition: `target` has no `#`.
void append_encoded_target(recycled_string& output, std::string_view target);

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cohort/json/parser.hpp>

namespace cohort::discovery {

// Accessors for members of JSON objects in the responses of discovery systems; a member may be absent or have another
// type.

/// The member `name` of `parent` as a 64-bit integer, given as a number or as a string; 0 if it is neither.
std::int64_t integer_field(simdjson::dom::element parent, std::string_view name);
/// The member as a string; empty if it is not a string.
std::string string_field(simdjson::dom::element parent, std::string_view name);
/// The member as a boolean; `fallback` if it is not a boolean.
bool boolean_field(simdjson::dom::element parent, std::string_view name, bool fallback = false);

/// Parses `json` and returns `read(root)`, an optional; empty if `json` is not valid JSON.
template <class Read>
auto read_json(std::string_view json, Read read) -> decltype(read(simdjson::dom::element{})) {
  simdjson::dom::element root;
  if (!json::parse_document(json, root)) return std::nullopt;
  return read(root);
}

}  // namespace cohort::discovery

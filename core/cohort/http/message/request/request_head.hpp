// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/field.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {

/// A request's start line and header fields: views into the connection's buffer, valid until the response is complete.
struct request_head {
  http::method method = http::method::unknown;
  /// The method as received, even if `method` is `unknown`.
  std::string_view method_text;
  /// The request target as received.
  std::string_view target;
  /// The target's path, still percent-encoded.
  std::string_view path;
  /// The target's query, still percent-encoded, without the `?`; empty if there is none.
  std::string_view query;
  bool is_http_1_0 = false;
  recycled_vector<header_field> fields;

  /// The value of the first field with this ID.
  std::optional<std::string_view> find(field id) const noexcept;
  /// The value of the first field with this name; names are case-insensitive.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  /// The values of all fields with this name, joined by `, ` (RFC 9110 section 5.3); empty if there is no such field.
  std::optional<std::string> join_values(std::string_view name) const;

  /// Resets all members; keeps the capacity of `fields`.
  void clear() noexcept;
};

}  // namespace cohort::http

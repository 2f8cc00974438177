// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::json {

/// The reason why one value of an input was rejected. Both strings are valid UTF-8, of bounded length, and suitable for
/// clients.
struct field_error {
  /// The path of the value, such as `items[2].name`; empty for the document itself.
  std::string field;
  /// The reason, such as `must be an integer from 1 to 100`. In messages, the reason follows the field: `limit must be
  /// an integer …`.
  std::string reason;

  friend bool operator==(const field_error&, const field_error&) = default;
};

/// The errors of one input, at least one, in the order of the document.
struct decode_errors {
  std::vector<field_error> list;
  /// Whether there were more errors than `decode_options::max_errors`.
  bool is_truncated = false;

  /// All errors in one line, such as `limit must be an integer from 1 to 100; name is required`.
  std::string text() const;
};

/// Makes `decode(…).value()` throw `std::invalid_argument` with the text of the errors.
[[noreturn]] void throw_exception_from_error(const decode_errors& errors, const boost::source_location& location);

/// The path of a value that is being decoded: a linked list on the stack, from the value to the root. The text of the
/// path is built only for an error.
class path {
 public:
  path() = default;
  path(const path& parent, std::string_view member) noexcept : parent_(&parent), member_(member) {}
  path(const path& parent, std::size_t index) noexcept : parent_(&parent), index_(index), is_index_(true) {}

  /// The path as text, such as `items[2].name`. Long member names are shortened.
  std::string text() const;

 private:
  void append_to(std::string& text) const;

  const path* parent_ = nullptr;
  std::string_view member_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// Shortens `text` for a message to at most 60 bytes, without splitting a character, and appends `…`. Replaces control
/// characters by `?`.
std::string shorten(std::string_view text);

}  // namespace cohort::json

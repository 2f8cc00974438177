// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/json/field_error.hpp>

namespace cohort::gateway {

/// The lines of the values in a JSON document, for error messages. simdjson validates the text; this class only locates
/// values.
class json_lines {
 public:
  struct position {
    std::size_t line;
    /// The column in bytes, counted from 1.
    std::size_t column;
  };

  explicit json_lines(std::string_view text);

  /// The line, from 1, of the value at a path of `json::field_error`, such as `routes[2].name`; of the closest
  /// containing value if the path does not exist.
  std::size_t line_of(std::string_view path) const;
  /// The position of the first syntax error that this class detects; empty if it detects none.
  std::optional<position> syntax_error() const noexcept { return error_; }

 private:
  void skip_space() noexcept;
  bool fail() noexcept;
  bool at(char c) const noexcept { return offset_ < text_.size() && text_[offset_] == c; }
  bool take(char c);
  bool read_value(const json::path& path, std::size_t depth);
  bool read_object(const json::path& path, std::size_t depth);
  bool read_array(const json::path& path, std::size_t depth);
  bool read_string(std::string_view& content);
  bool read_number();
  bool read_word(std::string_view word);
  position current_position() const noexcept;

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  std::map<std::string, std::size_t, std::less<>> lines_;
  std::optional<position> error_;
};

}  // namespace cohort::gateway

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::http {

/// The media type of a response, such as `text/plain; charset=utf-8`, as a function argument. A string literal is
/// checked at compile time and kept by reference; `response` copies any other string.
class media_type {
 public:
  template <std::size_t Size>
  consteval media_type(const char (&literal)[Size]) : text_(literal, Size - 1), is_static_(true) {
    for (const char c : text_)
      if (c < ' ' || c > '~') throw "a media type must consist of visible ASCII characters and spaces";
  }
  media_type(const std::string& text) noexcept : text_(text) {}
  media_type(std::string_view text) noexcept : text_(text) {}

  /// Precondition: the text stays valid for the lifetime of the program, such as an entry of a constant table.
  static media_type from_static(std::string_view text) noexcept {
    media_type type{text};
    type.is_static_ = true;
    return type;
  }

  std::string_view text() const noexcept { return text_; }
  bool is_static() const noexcept { return is_static_; }

 private:
  std::string_view text_;
  bool is_static_ = false;
};

}  // namespace cohort::http

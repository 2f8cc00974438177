// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/dot_segment.hpp>

#include <cctype>
#include <cstddef>

namespace cohort::http {
namespace {

/// Returns the decoded character if it is relevant to dot segments; otherwise `%`.
char decoded_character(std::string_view encoded) noexcept {
  if (encoded.size() < 3) return '%';
  const auto second = std::tolower(static_cast<unsigned char>(encoded[2]));
  if (encoded[1] == '2' && second == 'e') return '.';
  if (encoded[1] == '2' && second == 'f') return '/';
  if (encoded[1] == '5' && second == 'c') return '\\';
  if (encoded[1] == '3' && second == 'b') return ';';
  return '%';
}

}  // namespace

bool has_dot_segment(std::string_view path) noexcept {
  // The number of dots if the segment has no other character yet, otherwise 3.
  unsigned dots = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      c = decoded_character(path.substr(i));
      if (c != '%') i += 2;
    }
    const bool is_separator = c == '/' || c == '\\';
    if ((is_separator || c == ';') && (dots == 1 || dots == 2)) return true;
    if (is_separator) {
      dots = 0;
    } else if (c != '.') {
      dots = 3;
    } else if (dots < 3) {
      ++dots;
    }
  }
  return dots == 1 || dots == 2;
}

}  // namespace cohort::http

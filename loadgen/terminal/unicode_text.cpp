// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/unicode_text.hpp"

#include <utf8proc.h>

namespace cohort::loadgen::terminal {
namespace {

constexpr std::string_view replacement_character = "\ufffd";

/// Format characters (category Cf) of zero width that terminals ignore: ZERO WIDTH SPACE, NON-JOINER and JOINER.
bool is_zero_width_joiner(utf8proc_int32_t code_point) { return code_point >= 0x200b && code_point <= 0x200d; }

bool is_displayable(utf8proc_int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    case UTF8PROC_CATEGORY_CF: return is_zero_width_joiner(code_point);
    default: return true;
  }
}

struct character {
  std::string_view bytes;
  std::size_t columns;
};

/// Calls `visit` with each character of the sanitized text.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                         static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    // After an invalid byte, the next byte may start a valid character.
    const auto byte_count = length > 0 ? static_cast<std::size_t>(length) : 1;
    if (length > 0 && is_displayable(code_point)) {
      const auto columns = static_cast<std::size_t>(utf8proc_charwidth(code_point));
      visit(character{text.substr(0, byte_count), columns});
    } else {
      visit(character{replacement_character, 1});
    }
    text.remove_prefix(byte_count);
  }
}

}  // namespace

std::string sanitize(std::string_view text) {
  std::string sanitized;
  for_each_character(text, [&](const character& next) { sanitized += next.bytes; });
  return sanitized;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](const character& next) { width += next.columns; });
  return width;
}

std::string_view prefix_of_width(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  std::size_t length = 0;
  bool is_full = false;
  for_each_character(text, [&](const character& next) {
    is_full = is_full || width + next.columns > columns;
    if (is_full) return;
    width += next.columns;
    length += next.bytes.size();
  });
  return text.substr(0, length);
}

std::string truncate(std::string_view text, std::size_t columns) {
  auto sanitized = sanitize(text);
  if (display_width(sanitized) <= columns) return sanitized;
  if (columns == 0) return {};
  return std::string{prefix_of_width(sanitized, columns - 1)} + "…";
}

}  // namespace cohort::loadgen::terminal

// SPDX-License-Identifier: BSL-1.0
#include "services/weather/location/case_folding.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace cohort::weather {
namespace {

std::string map_text(std::string_view text, int options) {
  utf8proc_uint8_t* output = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &output, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{output, std::free};
  if (size < 0) return std::string{text};
  return {reinterpret_cast<const char*>(output), static_cast<std::size_t>(size)};
}

bool is_letter_or_digit(utf8proc_int32_t code_point) noexcept {
  const auto category = utf8proc_category(code_point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/// Whether the character joins two parts of a word: "U.S.A.", "d'Ivoire", "O\u02BBzbekiston".
bool is_joiner(utf8proc_int32_t code_point) noexcept {
  constexpr std::array<utf8proc_int32_t, 7> joiners{'.', '\'', '`', 0x2018, 0x2019, 0x02BB, 0x02BC};
  return std::find(joiners.begin(), joiners.end(), code_point) != joiners.end();
}

void append_code_point(std::string& text, utf8proc_int32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto size = utf8proc_encode_char(code_point, bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

std::string words_of(std::string_view text) {
  std::string words;
  bool pending_space = false;
  while (!text.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    if (size <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(size));
    if (is_joiner(code_point)) continue;
    if (!is_letter_or_digit(code_point)) {
      pending_space = !words.empty();
      continue;
    }
    if (pending_space) words += ' ';
    pending_space = false;
    append_code_point(words, code_point);
  }
  return words;
}

}  // namespace

std::string fold_case(std::string_view text) {
  return map_text(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
}

std::string fold_name(std::string_view text) {
  constexpr std::string_view article = "the ";
  auto words = words_of(map_text(text, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                           UTF8PROC_STRIPMARK | UTF8PROC_IGNORE));
  if (words.starts_with(article)) words.erase(0, article.size());
  return words;
}

}  // namespace cohort::weather

// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/field.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cohort::http {
namespace {

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::array<bool, 256> make_token_table() noexcept {
  std::array<bool, 256> is_token_char{};
  for (unsigned char c = '0'; c <= '9'; ++c) is_token_char[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) is_token_char[c] = is_token_char[c - 'a' + 'A'] = true;
  for (const unsigned char c : std::string_view{"!#$%&'*+-.^_`|~"}) is_token_char[c] = true;
  return is_token_char;
}
constexpr auto token_table = make_token_table();

/// Eight characters that are examined in parallel (SWAR).
using word = std::uint64_t;
constexpr word each_byte = 0x0101010101010101;
constexpr word high_bits = 0x80 * each_byte;

word load_word(const char* text) noexcept {
  word value = 0;
  std::memcpy(&value, text, sizeof value);
  return value;
}

/// Converts each character to lower case. Adding a constant to a byte without its high bit sets that bit if the byte
/// has reached a limit.
constexpr word to_lower(word text) noexcept {
  const auto low_bits = text & ~high_bits;
  const auto at_least_a = low_bits + (0x80 - 'A') * each_byte;
  const auto above_z = low_bits + (0x80 - 'Z' - 1) * each_byte;
  const auto upper_case_bits = (at_least_a ^ above_z) & ~text & high_bits;
  return text | upper_case_bits >> 2U;
}

/// The high bit of each byte that is a control character other than the tab (RFC 9110 section 5.5).
constexpr word control_characters(word text) noexcept {
  const auto low_bits = text & ~high_bits;
  const auto at_least_space = low_bits + (0x80 - ' ') * each_byte;
  const auto tab_bits = ~((low_bits ^ '\t' * each_byte) + (0x80 - 1) * each_byte);
  const auto delete_bits = low_bits + each_byte;
  return ((~at_least_space & ~tab_bits) | delete_bits) & ~text & high_bits;
}

/// Like `control_characters`, but includes the tab, which takes fewer operations.
constexpr word control_characters_and_tab(word text) noexcept {
  const auto low_bits = text & ~high_bits;
  const auto at_least_space = low_bits + (0x80 - ' ') * each_byte;
  const auto delete_bits = low_bits + each_byte;
  return (~at_least_space | delete_bits) & ~text & high_bits;
}

/// The index of the first byte in memory order whose high bit is set. Precondition: at least one byte has its high bit
/// set.
constexpr std::size_t first_byte(word bits) noexcept {
  const bool is_little_endian = std::endian::native == std::endian::little;
  return static_cast<std::size_t>(is_little_endian ? std::countr_zero(bits) : std::countl_zero(bits)) / 8;
}

}  // namespace

std::string to_lower_case(std::string_view text) {
  std::string lower_case{text};
  for (char& c : lower_case) c = to_lower(c);
  return lower_case;
}

std::string_view strip_quotes(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  const auto size = a.size();
  if (size < sizeof(word)) {
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
  }
  const auto is_different = [&](std::size_t at) {
    return to_lower(load_word(a.data() + at)) != to_lower(load_word(b.data() + at));
  };
  const auto last = size - sizeof(word);
  for (std::size_t at = 0; at < last; at += sizeof(word)) {
    if (is_different(at)) return false;
  }
  return !is_different(last);
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view next_list_element(std::string_view& list) noexcept {
  const auto comma = list.find(',');
  const auto element = trimmed(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

bool has_list_element(std::string_view list, std::string_view element) noexcept {
  while (!list.empty()) {
    if (iequals(next_list_element(list), element)) return true;
  }
  return false;
}

std::size_t token_size(std::string_view text) noexcept {
  const auto* const end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return token_table[static_cast<unsigned char>(c)]; });
  return static_cast<std::size_t>(end - text.begin());
}

std::size_t field_value_size(std::string_view text) noexcept {
  std::size_t size = 0;
  for (; text.size() - size >= sizeof(word); size += sizeof(word)) {
    const auto bytes = load_word(text.data() + size);
    const auto found = control_characters_and_tab(bytes);
    if (found == 0) continue;
    const auto end = size + first_byte(found);
    if (text[end] != '\t') return end;
    if (const auto after_tab = control_characters(bytes)) return size + first_byte(after_tab);
  }
  while (size < text.size() && is_field_value(text.substr(size, 1))) ++size;
  return size;
}

bool is_token(std::string_view text) noexcept { return !text.empty() && token_size(text) == text.size(); }

bool is_field_value(std::string_view value) noexcept {
  const auto size = value.size();
  if (size < sizeof(word)) {
    word text = ' ' * each_byte;
    if (size > 0) std::memcpy(&text, value.data(), size);
    return control_characters(text) == 0;
  }
  const auto last = size - sizeof(word);
  auto found = control_characters(load_word(value.data() + last));
  for (std::size_t at = 0; at < last; at += sizeof(word)) found |= control_characters(load_word(value.data() + at));
  return found == 0;
}

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/field.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

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

}  // namespace

bool iequals(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
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

bool is_token(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return token_table[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view value) noexcept {
  // Without an early exit, so that the compiler vectorizes the loop.
  unsigned invalid = 0;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    invalid |= static_cast<unsigned>((byte < ' ') & (byte != '\t')) | static_cast<unsigned>(byte == 0x7F);
  }
  return invalid == 0;
}

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#include <cohort/json/writer.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace cohort::json {
namespace {

/// The length of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629, section 4).
std::size_t utf8_sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto is_continuation = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80; };
  const unsigned lead_byte = byte(0);
  if (lead_byte < 0x80) return 1;
  if (lead_byte >= 0xC2 && lead_byte <= 0xDF) return is_continuation(1) ? 2 : 0;
  if ((lead_byte & 0xF0U) == 0xE0) {
    if (!is_continuation(1) || !is_continuation(2)) return 0;
    const bool overlong = lead_byte == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead_byte == 0xED && byte(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead_byte >= 0xF0 && lead_byte <= 0xF4) {
    if (!is_continuation(1) || !is_continuation(2) || !is_continuation(3)) return 0;
    const bool overlong = lead_byte == 0xF0 && byte(1) < 0x90;
    const bool beyond_unicode = lead_byte == 0xF4 && byte(1) >= 0x90;
    return overlong || beyond_unicode ? 0 : 4;
  }
  return 0;
}

/// The ASCII characters that a JSON string may contain unescaped.
constexpr auto unescaped_characters = [] {
  std::array<bool, 256> unescaped{};
  for (std::size_t code = 0x20; code < 0x80; ++code) unescaped[code] = code != '"' && code != '\\';
  return unescaped;
}();

bool is_unescaped(char c) noexcept { return unescaped_characters[static_cast<unsigned char>(c)]; }

/// Whether a JSON string may contain all eight bytes unescaped. Source: Bit Twiddling Hacks (Anderson), "Determine if a
/// word has a byte less than n".
bool are_unescaped(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = ones * 0x80;
  const auto has_zero_byte = [](std::uint64_t word) { return (word - ones) & ~word; };
  const std::uint64_t has_control = (bytes - ones * 0x20) & ~bytes;
  const std::uint64_t has_quote = has_zero_byte(bytes ^ (ones * '"'));
  const std::uint64_t has_backslash = has_zero_byte(bytes ^ (ones * '\\'));
  return ((bytes | has_control | has_quote | has_backslash) & high_bits) == 0;
}

std::uint64_t load(const char* from, std::size_t size) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, from, size);
  return bytes;
}

/// Whether a JSON string may contain all of `text` unescaped: most texts are, so this decides the cost of a string.
bool is_unescaped(std::string_view text) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  const char* const end = text.data() + text.size();
  if (text.size() < word) return std::ranges::all_of(text, [](char c) { return is_unescaped(c); });
  for (const char* at = text.data(); at + word < end; at += word) {
    if (!are_unescaped(load(at, word))) return false;
  }
  return are_unescaped(load(end - word, word));
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view hex = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(c);
  out += "\\u00";
  out += hex[code >> 4U];
  out += hex[code & 0xFU];
}

void append_string(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t unescaped = 0;
    while (unescaped < text.size() && is_unescaped(text[unescaped])) ++unescaped;
    out.append(text.substr(0, unescaped));
    text.remove_prefix(unescaped);
    if (text.empty()) return;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_escape(out, text[0]);
      text.remove_prefix(1);
    } else if (const auto length = utf8_sequence_length(text); length > 0) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      out += "\xEF\xBF\xBD";  // U+FFFD, replacement character
      text.remove_prefix(1);
    }
  }
}

}  // namespace

void writer::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

writer& writer::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}

writer& writer::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}

writer& writer::key(std::string_view name) {
  value(name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

writer& writer::raw_key(std::string_view json) {
  raw(json);
  needs_comma_ = false;
  return *this;
}

writer& writer::value(std::string_view text) {
  separate();
  if (is_unescaped(text)) {
    const auto start = out_.size();
    out_.resize(start + text.size() + 2, '"');
    text.copy(&out_[start + 1], text.size());
    return *this;
  }
  out_ += '"';
  append_string(out_, text);
  out_ += '"';
  return *this;
}

writer& writer::value(bool flag) { return raw(flag ? "true" : "false"); }

writer& writer::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> digits;
  // Digits without point and exponent are parsed as an integer, for which many parsers (simdjson too) have only 64
  // bits.
  const bool fits_integer = std::abs(number) < 0x1p63;
  auto* const last = digits.data() + digits.size();
  const auto end = fits_integer ? std::to_chars(digits.data(), last, number).ptr
                                : std::to_chars(digits.data(), last, number, std::chars_format::scientific).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::fixed(double number, int decimals) {
  if (!std::isfinite(number)) return null();
  // The largest double has 309 digits before the point.
  std::array<char, 340> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed, decimals).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace cohort::json

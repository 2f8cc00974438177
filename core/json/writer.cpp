#include "core/json/writer.hpp"

#include <array>
#include <cmath>

namespace cohort::json {
namespace {

/// The length of the UTF-8 sequence at the start of `text` if it is well-formed (RFC 3629), else zero.
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0U) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if ((lead & 0xF0U) == 0xE0) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond_unicode = lead == 0xF4 && at(1) >= 0x90;
    return overlong || beyond_unicode ? 0 : 4;
  }
  return 0;
}

constexpr auto plain_characters = [] {
  std::array<bool, 256> plain{};
  for (std::size_t code = 0x20; code < 0x80; ++code) plain[code] = code != '"' && code != '\\';
  return plain;
}();

bool is_plain(char c) noexcept { return plain_characters[static_cast<unsigned char>(c)]; }

void append_control(std::string& out, char c) {
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

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      append_control(out, text[0]);
      text.remove_prefix(1);
    } else if (const auto length = utf8_sequence(text); length > 0) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    } else {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
}

}  // namespace

void writer::separate() {
  if (need_comma_) out_ += ',';
  need_comma_ = true;
}

writer& writer::open(char bracket) {
  separate();
  out_ += bracket;
  need_comma_ = false;
  return *this;
}

writer& writer::close(char bracket) {
  out_ += bracket;
  need_comma_ = true;
  return *this;
}

writer& writer::key(std::string_view name) {
  value(name);
  out_ += ':';
  need_comma_ = false;
  return *this;
}

writer& writer::value(std::string_view text) {
  separate();
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
  return *this;
}

writer& writer::value(bool flag) { return raw(flag ? "true" : "false"); }

writer& writer::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> digits;
  // Without point and exponent it reads as an integer, and many parsers, simdjson among them, have 64 bits for those.
  const bool fits_integer = std::abs(number) < 0x1p63;
  auto* const last = digits.data() + digits.size();
  const auto end = fits_integer ? std::to_chars(digits.data(), last, number).ptr
                                : std::to_chars(digits.data(), last, number, std::chars_format::scientific).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::fixed(double number, int decimals) {
  if (!std::isfinite(number)) return null();
  // The largest double has 309 digits before its point.
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

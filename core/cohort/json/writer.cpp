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
/// Precondition: the first byte is not ASCII.
std::size_t utf8_sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto is_continuation = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80; };
  const unsigned lead_byte = byte(0);
  if (lead_byte >= 0xC2 && lead_byte <= 0xDF) return is_continuation(1) ? 2 : 0;
  if ((lead_byte & 0xF0U) == 0xE0) {
    if (!is_continuation(1) || !is_continuation(2)) return 0;
    const bool is_overlong = lead_byte == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = lead_byte == 0xED && byte(1) >= 0xA0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (lead_byte >= 0xF0 && lead_byte <= 0xF4) {
    if (!is_continuation(1) || !is_continuation(2) || !is_continuation(3)) return 0;
    const bool is_overlong = lead_byte == 0xF0 && byte(1) < 0x90;
    const bool exceeds_unicode_range = lead_byte == 0xF4 && byte(1) >= 0x90;
    return is_overlong || exceeds_unicode_range ? 0 : 4;
  }
  return 0;
}

/// Whether a JSON string may contain all eight bytes unescaped. Source: Anderson, Bit Twiddling Hacks, "Determine if a
/// word has a byte less than n".
bool need_no_escapes(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t byte_ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = byte_ones * 0x80;
  const auto zero_byte_mask = [](std::uint64_t word) { return (word - byte_ones) & ~word; };
  const std::uint64_t control_mask = (bytes - byte_ones * 0x20) & ~bytes;
  const std::uint64_t quote_mask = zero_byte_mask(bytes ^ (byte_ones * '"'));
  const std::uint64_t backslash_mask = zero_byte_mask(bytes ^ (byte_ones * '\\'));
  return ((bytes | control_mask | quote_mask | backslash_mask) & high_bits) == 0;
}

std::uint64_t load(const char* source, std::size_t size) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, source, size);
  return bytes;
}

/// Writes a number from 0.001 to 99,999.999 with at most three decimals, such as most durations in milliseconds.
/// Returns the end, or null for other numbers. The text is equal to that of `std::to_chars`, which takes ten times as
/// long. A decimal number of at most 15 digits without trailing zeros is the shortest representation of its double.
char* write_thousandths(char* out, double number) noexcept {
  const double scaled = number * 1000;
  if (!(scaled >= 0.5 && scaled < 99'999'999.5)) return nullptr;
  const auto thousandths = static_cast<std::uint32_t>(scaled + 0.5);
  if (thousandths / 1000.0 != number) return nullptr;
  out = std::to_chars(out, out + max_number_size, thousandths / 1000).ptr;
  auto decimals = thousandths % 1000;
  if (decimals == 0) return out;
  *out++ = '.';
  for (std::uint32_t unit = 100; decimals > 0; unit /= 10) {
    *out++ = static_cast<char>('0' + decimals / unit);
    decimals %= unit;
  }
  return out;
}

/// Writes a number from 0 to 4e9 / 10^`decimals` with at most nine decimals, as `std::to_chars` does, but faster.
/// Returns the end of the output. Returns null for other numbers, and for numbers so close to the midpoint of two
/// representations that rounding requires the exact value.
char* write_rounded(char* out, double number, int decimals) noexcept {
  constexpr std::array<std::uint32_t, 10> powers{1,       10,        100,        1'000,       10'000,
                                                 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
  if (decimals < 0 || decimals >= static_cast<int>(powers.size()) || std::signbit(number)) return nullptr;
  const auto unit = powers[static_cast<std::size_t>(decimals)];
  const double scaled = number * unit;
  if (!(scaled < 4e9)) return nullptr;
  auto units = static_cast<std::uint32_t>(scaled);
  // Upper bound of the rounding error of the product.
  constexpr double max_error = 1e-6;
  const double distance_from_midpoint = scaled - units - 0.5;
  if (std::abs(distance_from_midpoint) < max_error) return nullptr;
  if (distance_from_midpoint > 0) ++units;
  out = std::to_chars(out, out + max_number_size, units / unit).ptr;
  if (decimals == 0) return out;
  *out++ = '.';
  auto* const end = out + decimals;
  auto fraction = units % unit;
  for (auto* digit = end; digit != out; fraction /= 10) *--digit = static_cast<char>('0' + fraction % 10);
  return end;
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
    std::size_t unescaped_size = 0;
    while (unescaped_size < text.size() && needs_no_escape(text[unescaped_size])) ++unescaped_size;
    out.append(text.substr(0, unescaped_size));
    text.remove_prefix(unescaped_size);
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

bool copy_unescaped(std::string_view text, char* out) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  constexpr std::size_t half_word_size = word / 2;
  const auto size = text.size();
  const char* const source = text.data();
  if (size < half_word_size) {
    std::copy_n(source, size, out);
    return std::ranges::all_of(text, [](char c) { return needs_no_escape(c); });
  }
  // The last block overlaps the previous block.
  if (size < word) {
    const auto first = load(source, half_word_size);
    const auto last = load(source + size - half_word_size, half_word_size);
    std::memcpy(out, &first, half_word_size);
    std::memcpy(out + size - half_word_size, &last, half_word_size);
    return need_no_escapes(first | (last << 32U));
  }
  for (std::size_t offset = 0; offset + word < size; offset += word) {
    const auto bytes = load(source + offset, word);
    std::memcpy(out + offset, &bytes, word);
    if (!need_no_escapes(bytes)) return false;
  }
  const auto last = load(source + size - word, word);
  std::memcpy(out + size - word, &last, word);
  return need_no_escapes(last);
}

char* write_number(char* out, double number) noexcept {
  if (auto* const end = write_thousandths(out, number)) return end;
  if (!std::isfinite(number)) return std::copy_n("null", 4, out);
  // A parser would read -0 without a decimal point as the integer 0.
  if (number == 0 && std::signbit(number)) return std::copy_n("-0.0", 4, out);
  // Many parsers, such as simdjson, read a number without a decimal point or an exponent as a 64-bit integer.
  const bool fits_integer = std::abs(number) < 0x1p63;
  return fits_integer ? std::to_chars(out, out + max_number_size, number).ptr
                      : std::to_chars(out, out + max_number_size, number, std::chars_format::scientific).ptr;
}

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
  const auto start = out_.size();
  out_.resize(start + text.size() + 2, '"');
  if (copy_unescaped(text, &out_[start + 1])) return *this;
  out_.resize(start + 1);
  append_string(out_, text);
  out_ += '"';
  return *this;
}

writer& writer::value(bool flag) { return raw(flag ? "true" : "false"); }

writer& writer::value(double number) {
  std::array<char, max_number_size> digits;
  const auto* const end = write_number(digits.data(), number);
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::fixed(double number, int decimals) {
  if (!std::isfinite(number)) return null();
  // The largest double has 309 digits before the point.
  std::array<char, 340> digits;
  const auto* end = write_rounded(digits.data(), number, decimals);
  if (!end)
    end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed, decimals).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

writer& writer::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

char* writer::prepare(std::size_t size) {
  prepared_offset_ = out_.size();
  out_.resize(prepared_offset_ + (needs_comma_ ? 1 : 0) + size, ',');
  return out_.data() + prepared_offset_ + (needs_comma_ ? 1 : 0);
}

void writer::finish(const char* end) {
  out_.resize(end ? static_cast<std::size_t>(end - out_.data()) : prepared_offset_);
  needs_comma_ = needs_comma_ || end;
}

}  // namespace cohort::json

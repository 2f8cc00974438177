// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cohort::json {

/// Whether a JSON string may contain this ASCII character unescaped; false for bytes of other characters.
constexpr bool needs_no_escape(char c) noexcept {
  const auto code = static_cast<unsigned char>(c);
  return code >= 0x20 && code < 0x80 && c != '"' && c != '\\';
}

/// Copies `text` to `out`, which must have space for `text.size()` bytes. Returns false, with unspecified bytes at
/// `out`, if `text` contains quotes, backslashes, control characters or non-ASCII bytes.
bool copy_unescaped(std::string_view text, char* out) noexcept;

/// Maximum size of the text of a number, in bytes.
inline constexpr std::size_t max_number_size = 32;
/// Writes the text of `writer::value(number)` to `out`, which must have `max_number_size` bytes. Returns the end of the
/// text.
char* write_number(char* out, double number) noexcept;

/// Appends JSON text to a string. Writes commas, quotes and escapes; the caller is responsible for matching `open_…`
/// and `close_…` calls and for one value after each key. The string must outlive the writer.
///
///     std::string body;
///     json::writer{body}.open_object().field("service", "time-service").field("unix_ms", 17).close_object();
class writer {
 public:
  explicit writer(std::string& out) noexcept : out_(out) {}

  writer& open_object() { return open('{'); }
  writer& close_object() { return close('}'); }
  writer& open_array() { return open('['); }
  writer& close_array() { return close(']'); }

  /// Writes the name of the next member of an object.
  writer& key(std::string_view name);
  /// Like `key`, but `json` is JSON text with the quotes and the colon: `"name":`. `json` is not validated.
  writer& raw_key(std::string_view json);

  /// Writes a string. Replaces each byte that is not part of valid UTF-8 (RFC 3629) with U+FFFD.
  writer& value(std::string_view text);
  writer& value(const char* text) { return value(std::string_view{text}); }
  writer& value(const std::string& text) { return value(std::string_view{text}); }
  writer& value(bool flag);
  /// Writes the shortest representation that parses to the same number; `null` for infinities and NaN, which JSON
  /// cannot represent.
  writer& value(double number);
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  writer& value(Number number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  /// Writes the number rounded to `decimals` decimal places (at least 0); `null` for infinities and NaN.
  writer& fixed(double number, int decimals);
  writer& null() { return raw("null"); }
  /// Writes a value that is given as JSON text. The text is not validated.
  writer& raw(std::string_view json);

  /// Returns memory for a value of up to `size` bytes of JSON text. The next call must be `finish`.
  char* prepare(std::size_t size);
  /// Completes the value in the memory from `prepare`; `end` is the end of its text. If `end` is null, writes no value.
  void finish(const char* end);

  /// Writes a member of an object: key and value.
  template <class Value>
  writer& field(std::string_view name, const Value& member_value) {
    return key(name).value(member_value);
  }

 private:
  writer& open(char bracket);
  writer& close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
  /// The size of the text before `prepare`.
  std::size_t prepared_offset_ = 0;
};

}  // namespace cohort::json

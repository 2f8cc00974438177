#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace cohort::json {

/// Appends JSON text to a string. The caller opens and closes in order; commas and escapes are seen to.
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

  writer& key(std::string_view name);

  /// A string. Bytes that are not UTF-8 become U+FFFD, so that what goes out is always JSON.
  writer& value(std::string_view text);
  writer& value(const char* text) { return value(std::string_view{text}); }
  writer& value(const std::string& text) { return value(std::string_view{text}); }
  writer& value(bool flag);
  /// The shortest text that reads back as the same number; `null` for what JSON has no number for.
  writer& value(double number);
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  writer& value(Number number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  /// With this many decimals, as `round(…, decimals)` would print it.
  writer& fixed(double number, int decimals);
  writer& null() { return raw("null"); }
  /// Text that is JSON already.
  writer& raw(std::string_view json);

  template <class Value>
  writer& field(std::string_view name, const Value& content) {
    return key(name).value(content);
  }

 private:
  writer& open(char bracket);
  writer& close(char bracket);
  void separate();

  std::string& out_;
  bool need_comma_ = false;
};

}  // namespace cohort::json

// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/log_line.hpp>

#include <algorithm>
#include <charconv>
#include <variant>

#include <cohort/json/writer.hpp>

namespace cohort::telemetry {
namespace {

/// Maximum sizes, in bytes, of the punctuation of a line and of a field.
constexpr std::size_t fixed_size = 64;
constexpr std::size_t fixed_field_size = 8;

std::size_t max_value_size(const log_field& field) noexcept {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  return text ? text->size() : json::max_number_size;
}

/// Returns the maximum size of a line without its time and without escaped characters.
std::size_t max_plain_size(const log_line_parts& parts) noexcept {
  auto size = fixed_size + parts.level.size() + parts.service.size() + parts.message.size();
  for (const auto& field : parts.fields)
    size += fixed_field_size + std::string_view{field.name}.size() + max_value_size(field);
  return size;
}

bool is_bare_word(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '='; });
}

}  // namespace

/// Appends the parts of a line to memory that has space for the complete line.
class log_line::cursor {
 public:
  cursor(std::string& memory, std::size_t max_size) : memory_(memory), max_size_(max_size) { reserve(0); }

  cursor& raw(std::string_view text) noexcept {
    end_ = std::copy(text.begin(), text.end(), end_);
    return *this;
  }
  cursor& string(std::string_view text) {
    if (!json::copy_unescaped(text, end_ + 1)) return append_escaped(text);
    *end_ = '"';
    end_ += text.size() + 2;
    end_[-1] = '"';
    return *this;
  }
  /// Appends the separator, the name and a colon.
  cursor& name(const field_name& name) {
    if (!name.is_plain()) return raw(",").string(name).raw(":");
    return raw(",\"").raw(name).raw("\":");
  }
  cursor& value(const log_field& field) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) return string(*text);
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      end_ = std::to_chars(end_, end_ + json::max_number_size, *number).ptr;
      return *this;
    }
    if (const auto* number = std::get_if<double>(&field.value)) {
      end_ = json::write_number(end_, *number);
      return *this;
    }
    return raw(std::get<bool>(field.value) ? "true" : "false");
  }
  std::string_view text() const noexcept { return {memory_.data(), static_cast<std::size_t>(end_ - memory_.data())}; }

 private:
  /// Appends an escaped string, which may exceed the reserved space.
  cursor& append_escaped(std::string_view text) {
    std::string quoted_text;
    json::writer{quoted_text}.value(text);
    reserve(quoted_text.size());
    return raw(quoted_text);
  }
  void reserve(std::size_t additional_size) {
    const auto size = end_ ? text().size() : 0;
    if (memory_.size() < size + additional_size + max_size_) memory_.resize(2 * (size + additional_size + max_size_));
    end_ = memory_.data() + size;
  }

  std::string& memory_;
  std::size_t max_size_;
  char* end_ = nullptr;
};

std::string_view log_line::format_time(wall_time time) noexcept {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second == time_text_second_) {
    replace_milliseconds(time_text_, time);
  } else {
    time_text_ = format_rfc3339_milliseconds(time);
    time_text_second_ = second;
  }
  return time_text_;
}

std::string_view log_line::format(const log_line_parts& parts, log_format format) {
  const auto time = format_time(parts.time);
  cursor line{memory_, time.size() + max_plain_size(parts)};
  if (format == log_format::json) {
    line.raw(R"({"ts":")").raw(time).raw(R"(","level":")").raw(parts.level);
    line.raw(R"(","service":)").string(parts.service).raw(R"(,"msg":)").string(parts.message);
    for (const auto& field : parts.fields) line.name(field.name).value(field);
    return line.raw("}").text();
  }
  constexpr std::string_view padding = "      ";
  line.raw(time).raw(" ").raw(parts.level).raw(padding.substr(parts.level.size()));
  line.raw(parts.service).raw(" ").raw(parts.message);
  for (const auto& field : parts.fields) {
    line.raw(" ").raw(field.name).raw("=");
    const auto* const text = std::get_if<std::string_view>(&field.value);
    if (text && is_bare_word(*text)) {
      line.raw(*text);
    } else {
      // The value is quoted as in JSON, so that a value of a request cannot forge a line.
      line.value(field);
    }
  }
  return line.text();
}

}  // namespace cohort::telemetry

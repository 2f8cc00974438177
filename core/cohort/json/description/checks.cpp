// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <charconv>

#include <cohort/json/description/checks.hpp>

namespace cohort::json {
namespace {

/// Returns the number of UTF-8 characters: the number of bytes that are not continuation bytes (10xxxxxx).
std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

/// Whether `c` is in a character class such as `A-Za-z0-9_-`.
bool is_in_class(char c, std::string_view characters) noexcept {
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const bool is_range = i + 2 < characters.size() && characters[i + 1] == '-';
    const char last = characters[is_range ? i + 2 : i];
    if (c >= characters[i] && c <= last) return true;
    if (is_range) i += 2;
  }
  return false;
}

std::string format_count_range(std::size_t min, std::optional<std::size_t> max, std::string_view unit) {
  const auto format_count = [&](std::size_t count) {
    return std::to_string(count) + " " + std::string{unit} + (count == 1 ? "" : "s");
  };
  if (!max) return "at least " + format_count(min);
  if (min == 0) return "at most " + format_count(*max);
  if (min == *max) return "exactly " + format_count(min);
  return std::to_string(min) + " to " + format_count(*max);
}

}  // namespace

std::string expected_number(std::string_view kind, const std::optional<std::string>& min,
                            const std::optional<std::string>& max) {
  std::string text{kind};
  if (min && max) return text.append(" from ").append(*min).append(" to ").append(*max);
  if (min) return text.append(" of at least ").append(*min);
  if (max) return text.append(" of at most ").append(*max);
  return text;
}

std::string format_number(double number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return {digits, end};
}

std::string check_string(std::string_view value, const string_constraints& constraints) {
  if (constraints.min_length > 0 || constraints.max_length) {
    const auto length = count_characters(value);
    if (length < constraints.min_length || (constraints.max_length && length > *constraints.max_length)) {
      if (length == 0 && constraints.min_length == 1 && !constraints.max_length) return "must not be empty";
      return "must have " + format_count_range(constraints.min_length, constraints.max_length, "character");
    }
  }
  const auto is_accepted = [&](char c) { return is_in_class(c, constraints.characters); };
  if (!constraints.characters.empty() && !std::ranges::all_of(value, is_accepted)) {
    return std::string{"must consist of the characters "}.append(constraints.characters);
  }
  if (constraints.check != nullptr && !constraints.check(value)) {
    return std::string{"must be "}.append(constraints.expected);
  }
  return {};
}

std::string number_reason(const number_constraints& constraints) {
  const auto to_text = [](const std::optional<double>& bound) {
    return bound ? std::optional{format_number(*bound)} : std::nullopt;
  };
  return "must be " + expected_number("a number", to_text(constraints.min), to_text(constraints.max));
}

std::string check_number(double value, const number_constraints& constraints) {
  const bool is_valid =
      (!constraints.min || value >= *constraints.min) && (!constraints.max || value <= *constraints.max);
  return is_valid ? std::string{} : number_reason(constraints);
}

std::string check_size(std::size_t size, std::size_t min, std::optional<std::size_t> max, std::string_view unit) {
  if (size >= min && (!max || size <= *max)) return {};
  return "must have " + format_count_range(min, max, unit);
}

}  // namespace cohort::json

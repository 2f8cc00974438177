// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::postgres {

/// Binary data, the type `bytea`.
struct bytes {
  std::string data;
  friend bool operator==(const bytes&, const bytes&) = default;
};

/// The text of a `timestamptz` in microseconds, the resolution of PostgreSQL: `2026-06-01 12:00:00.123456+00`.
std::string format_timestamp(wall_time time);

/// The value of a parameter `$n`: a number, a `bool`, a string, `bytes`, a time, or null (`nullptr` or an empty
/// optional). The server converts the value to the type that the statement requires. A parameter owns a copy of the
/// value.
class parameter {
 public:
  parameter(std::nullptr_t) {}
  parameter(std::nullopt_t) {}
  parameter(std::string text) : value_(std::move(text)) {}
  parameter(std::string_view text) : value_(std::string{text}) {}
  parameter(const char* text) : value_(std::string{text}) {}
  parameter(bytes data) : value_(std::move(data.data)), is_binary_(true) {}
  parameter(wall_time time) : value_(format_timestamp(time)) {}
  parameter(std::same_as<bool> auto value) : value_(value ? "t" : "f") {}
  template <class T>
    requires((std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::floating_point<T>)
  parameter(T number) {
    std::array<char, 64> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    value_.emplace(text.data(), end);
  }
  template <class T>
    requires std::constructible_from<parameter, T>
  parameter(const std::optional<T>& value) {
    if (value) *this = parameter{*value};
  }

  bool is_null() const noexcept { return !value_; }
  bool is_binary() const noexcept { return is_binary_; }
  /// The value in PostgreSQL's text format, or binary data. Precondition: the value is not null.
  const std::string& value() const noexcept { return *value_; }

 private:
  std::optional<std::string> value_;
  bool is_binary_ = false;
};

}  // namespace cohort::postgres

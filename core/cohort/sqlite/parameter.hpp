// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace cohort::sqlite {

/// Binary data, the type BLOB.
struct bytes {
  std::string data;
  friend bool operator==(const bytes&, const bytes&) = default;
};

/// Integers that SQLite stores without loss: all except `std::uint64_t`.
template <class T>
concept storable_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && (sizeof(T) < 8 || std::is_signed_v<T>);

/// The value of a parameter `?1`: a number, a `bool` (stored as 0 or 1), a string, `bytes`, or null (`nullptr` or an
/// empty optional). A parameter owns a copy of the value.
class parameter {
 public:
  using value_type = std::variant<std::monostate, std::int64_t, double, std::string, bytes>;

  parameter(std::nullptr_t) {}
  parameter(std::nullopt_t) {}
  parameter(std::string text) : value_(std::move(text)) {}
  parameter(std::string_view text) : value_(std::string{text}) {}
  parameter(const char* text) : value_(std::string{text}) {}
  parameter(bytes data) : value_(std::move(data)) {}
  parameter(std::same_as<bool> auto value) : value_(std::int64_t{value}) {}
  parameter(storable_integer auto number) : value_(static_cast<std::int64_t>(number)) {}
  parameter(std::floating_point auto number) : value_(static_cast<double>(number)) {}
  template <class T>
    requires std::constructible_from<parameter, T>
  parameter(const std::optional<T>& value) {
    if (value) *this = parameter{*value};
  }

  const value_type& value() const noexcept { return value_; }

 private:
  value_type value_;
};

}  // namespace cohort::sqlite

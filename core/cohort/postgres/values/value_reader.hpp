// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/postgres/values/parameter.hpp>

namespace cohort::postgres {

/// Object identifiers of PostgreSQL's built-in types. Source: pg_type.dat.
namespace type {
inline constexpr std::uint32_t boolean = 16;
inline constexpr std::uint32_t bytea = 17;
inline constexpr std::uint32_t int8 = 20;
inline constexpr std::uint32_t int2 = 21;
inline constexpr std::uint32_t int4 = 23;
inline constexpr std::uint32_t text = 25;
inline constexpr std::uint32_t oid = 26;
inline constexpr std::uint32_t float4 = 700;
inline constexpr std::uint32_t float8 = 701;
inline constexpr std::uint32_t timestamptz = 1184;
inline constexpr std::uint32_t numeric = 1700;
}  // namespace type

/// Conversion of a value to a `T`: `accepts` returns whether a column's type is supported, and `parse` reads the text
/// format. Specialize `value_reader` for your own type to make `row::get` return that type.
template <class T>
struct value_reader;

namespace detail {
constexpr bool is_integer_type(std::uint32_t type) noexcept {
  return type == type::int2 || type == type::int4 || type == type::int8 || type == type::oid;
}
template <class T>
std::optional<T> parse_number(std::string_view text) noexcept {
  T number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}
std::optional<bytes> parse_bytea(std::string_view text);
std::optional<wall_time> parse_timestamp(std::string_view text);
}  // namespace detail

template <std::integral T>
struct value_reader<T> {
  static constexpr std::string_view name = "an integer of this size";
  static bool accepts(std::uint32_t type) noexcept { return detail::is_integer_type(type); }
  static std::optional<T> parse(std::string_view text) noexcept { return detail::parse_number<T>(text); }
};

template <>
struct value_reader<bool> {
  static constexpr std::string_view name = "a boolean";
  static bool accepts(std::uint32_t type) noexcept { return type == type::boolean; }
  static std::optional<bool> parse(std::string_view text) noexcept {
    return text == "t" ? std::optional{true} : text == "f" ? std::optional{false} : std::nullopt;
  }
};

template <std::floating_point T>
struct value_reader<T> {
  static constexpr std::string_view name = "a number";
  static bool accepts(std::uint32_t type) noexcept {
    return type == type::float4 || type == type::float8 || type == type::numeric || detail::is_integer_type(type);
  }
  static std::optional<T> parse(std::string_view text) noexcept { return detail::parse_number<T>(text); }
};

/// Accepts every type except `bytea`.
template <>
struct value_reader<std::string_view> {
  static constexpr std::string_view name = "a string";
  static bool accepts(std::uint32_t type) noexcept { return type != type::bytea; }
  static std::optional<std::string_view> parse(std::string_view text) noexcept { return text; }
};
template <>
struct value_reader<std::string> {
  static constexpr std::string_view name = "a string";
  static bool accepts(std::uint32_t type) noexcept { return type != type::bytea; }
  static std::optional<std::string> parse(std::string_view text) { return std::string{text}; }
};

template <>
struct value_reader<bytes> {
  static constexpr std::string_view name = "bytes";
  static bool accepts(std::uint32_t type) noexcept { return type == type::bytea; }
  static std::optional<bytes> parse(std::string_view text) { return detail::parse_bytea(text); }
};

/// Requires the setting `DateStyle` ISO, PostgreSQL's default.
template <>
struct value_reader<wall_time> {
  static constexpr std::string_view name = "a time";
  static bool accepts(std::uint32_t type) noexcept { return type == type::timestamptz; }
  static std::optional<wall_time> parse(std::string_view text) { return detail::parse_timestamp(text); }
};

}  // namespace cohort::postgres

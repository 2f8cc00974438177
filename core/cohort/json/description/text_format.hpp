// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::json {

/// The text format of a type, for JSON strings and for the values of parameters, header fields and cookies. Specialize
/// it for your own types, such as identifiers:
///
///     template <> struct cohort::json::text_format<order_id> {
///       static std::optional<order_id> parse(std::string_view text);   // empty: `text` is invalid
///       static std::string print(const order_id& id);
///       static constexpr std::string_view expected = "an order ID, such as A-17";   // in error messages
///       static constexpr std::string_view schema = R"({"type":"string","pattern":"^[A-Z]-[0-9]+$"})";
///     };
template <class T>
struct text_format;

/// Types with a `text_format`.
template <class T>
concept text_formatted = requires(const T& value, std::string_view text) {
  { text_format<T>::parse(text) } -> std::same_as<std::optional<T>>;
  { text_format<T>::print(value) } -> std::convertible_to<std::string>;
  { text_format<T>::expected } -> std::convertible_to<std::string_view>;
  { text_format<T>::schema } -> std::convertible_to<std::string_view>;
};

using timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Parses an RFC 3339 timestamp (section 5.6); digits below a nanosecond are ignored. Returns an empty optional if
/// `text` is invalid, or if its year is before 1678 or after 2261, outside the range of a 64-bit number of nanoseconds.
std::optional<timestamp> parse_timestamp(std::string_view text);

/// Formats an RFC 3339 timestamp in UTC. A fraction of a second has three, six or nine digits:
/// `2026-11-28T12:00:00.250Z`.
std::string format_timestamp(timestamp time);

/// Time points are RFC 3339 timestamps. Digits below their resolution are ignored.
template <class Duration>
struct text_format<std::chrono::sys_time<Duration>> {
  static std::optional<std::chrono::sys_time<Duration>> parse(std::string_view text) {
    const auto time = parse_timestamp(text);
    if (!time) return std::nullopt;
    return std::chrono::floor<Duration>(*time);
  }
  static std::string print(std::chrono::sys_time<Duration> time) { return format_timestamp(time); }
  static constexpr std::string_view expected = "an RFC 3339 timestamp, such as 2026-11-28T12:00:00Z";
  static constexpr std::string_view schema = R"({"type":"string","format":"date-time"})";
};

}  // namespace cohort::json

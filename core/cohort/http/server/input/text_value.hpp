// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include <cohort/json/description/checks.hpp>

namespace cohort::http {

/// Whether `text` is valid UTF-8 without control characters other than tab, line feed and carriage return.
bool is_plain_text(std::string_view text) noexcept;

/// Parses the value of a parameter, header field, cookie or form field, and checks its constraints. Returns the reason
/// why the value is rejected, such as `must be an integer from 1 to 100`; empty if `out` is set.
template <class T>
std::string parse_text(std::string_view text, T& out, const json::constraints_of<T>& constraints) {
  const auto* const end = text.data() + text.size();
  if constexpr (json::optional_like<T>) {
    return parse_text<json::value_type_of<T>>(text, out.emplace(), constraints);
  } else if constexpr (std::same_as<T, bool>) {
    out = text == "true";
    return out || text == "false" ? std::string{} : std::string{"must be true or false"};
  } else if constexpr (json::integer<T>) {
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    if (stop != end || error == std::errc::invalid_argument) return json::integer_reason(constraints);
    if (error != std::errc{}) return json::integer_reason(constraints, true);
    return json::check_integer(out, constraints);
  } else if constexpr (json::integral_duration<T>) {
    typename T::rep count = 0;
    auto reason = parse_text<typename T::rep>(text, count, json::count_constraints(constraints));
    out = T{count};
    return reason;
  } else if constexpr (std::floating_point<T>) {
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    if (stop != end || error != std::errc{} || !std::isfinite(out)) return json::number_reason(constraints);
    return json::check_number(out, constraints);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!is_plain_text(text)) return "must be UTF-8 without control characters";
    out = text;
    return json::check_string(text, constraints);
  } else if constexpr (json::described_enum<T>) {
    const auto value = json::enum_from_name<T>(text);
    if (!value) return json::enum_reason<T>();
    out = *value;
    return {};
  } else {
    static_assert(json::text_formatted<T>,
                  "the value of a parameter, header field or cookie must be bool, a number, std::string, a described "
                  "enumeration, a duration, a sys_time, a type with cohort::json::text_format, or std::optional or "
                  "std::vector of these");
    auto value = json::text_format<T>::parse(text);
    if (!value) return json::text_format_reason<T>();
    out = std::move(*value);
    return {};
  }
}

}  // namespace cohort::http

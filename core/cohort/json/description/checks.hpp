// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/json/description/constraints.hpp>

// Functions that check single values against their constraints, for `decode` and for request parameters. Each function
// returns the reason why the value is rejected, such as `must be an integer from 1 to 100`, or an empty string.
namespace cohort::json {

/// Formats the accepted range from its bounds: `an integer from 1 to 100`, `an integer of at least 1`,
/// `a number of at most 0.5`.
std::string expected_number(std::string_view kind, const std::optional<std::string>& min,
                            const std::optional<std::string>& max);
/// The shortest decimal representation of a number.
std::string format_number(double number);

std::string check_string(std::string_view value, const string_constraints& constraints);
std::string check_number(double value, const number_constraints& constraints);
/// Checks the number of elements of a list (`items`) or a map (`members`).
std::string check_size(std::size_t size, std::size_t min, std::optional<std::size_t> max, std::string_view unit);

/// Returns the reason for rejecting a value that is not an integer: `must be an integer …`. If `shows_type_limits`, a
/// missing bound is replaced by the limit of the type; use it for an integer that exceeds the type.
template <integer T>
std::string integer_reason(const integer_constraints<T>& constraints, bool shows_type_limits = false) {
  auto min = constraints.min;
  auto max = constraints.max;
  if (shows_type_limits && !min) min = std::numeric_limits<T>::min();
  if (shows_type_limits && !max) max = std::numeric_limits<T>::max();
  const auto to_text = [](const std::optional<T>& bound) {
    return bound ? std::optional{std::to_string(*bound)} : std::nullopt;
  };
  return "must be " + expected_number("an integer", to_text(min), to_text(max));
}

template <integer T>
std::string check_integer(T value, const integer_constraints<T>& constraints) {
  const bool is_valid =
      (!constraints.min || value >= *constraints.min) && (!constraints.max || value <= *constraints.max);
  return is_valid ? std::string{} : integer_reason(constraints);
}

/// Converts the constraints on a duration into constraints on the number of its units.
template <integral_duration T>
constexpr integer_constraints<typename T::rep> count_constraints(const duration_constraints<T>& constraints) {
  const auto count = [](const std::optional<T>& value) {
    return value ? std::optional<typename T::rep>{value->count()} : std::nullopt;
  };
  return {.min = count(constraints.min), .max = count(constraints.max), .fallback = count(constraints.fallback)};
}

/// Returns the reason for rejecting a value that is not a number.
std::string number_reason(const number_constraints& constraints);

/// Returns the reason for rejecting an unknown enumerator: `must be one of red, green, blue`.
template <described_enum T>
std::string enum_reason() {
  std::string names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&](auto enumerator) { names.append(names.empty() ? "" : ", ").append(enumerator.name); });
  return "must be one of " + names;
}

template <text_formatted T>
std::string text_format_reason() {
  return std::string{"must be "}.append(text_format<T>::expected);
}

}  // namespace cohort::json

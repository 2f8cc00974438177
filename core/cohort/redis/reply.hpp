// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/redis/error.hpp>

namespace cohort::redis {

/// A value of RESP3 (https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md).
struct reply {
  enum class kind : std::uint8_t {
    null,
    simple_string,
    blob_string,
    /// A verbatim string; `text` does not contain the format.
    verbatim_string,
    error,
    number,
    real,
    boolean,
    /// A big number; `text` contains the digits.
    big_number,
    array,
    set,
    /// `items` contains keys and values alternately.
    map,
    push,
  };

  kind type = kind::null;
  /// The value of strings, errors and big numbers.
  std::string text{};
  /// The value of a number; 0 or 1 for a boolean.
  std::int64_t number = 0;
  /// The value of `kind::real`.
  double real = 0;
  /// The elements of arrays, sets, maps and pushes.
  std::vector<reply> items{};

  bool is_null() const noexcept { return type == kind::null; }
  bool is_string() const noexcept {
    return type == kind::simple_string || type == kind::blob_string || type == kind::verbatim_string;
  }
  bool is_error() const noexcept { return type == kind::error; }

  /// The value as a C++ type, or `errc::type_mismatch`. A string of decimal digits is also an integer or a double.
  result<std::string> as_string() const;
  /// The value of a string; empty for null.
  result<std::optional<std::string>> as_optional_string() const;
  result<std::int64_t> as_integer() const;
  result<double> as_double() const;
  /// Accepts a boolean, and the numbers 0 and 1.
  result<bool> as_bool() const;
  /// The elements of an array or a set of strings.
  result<std::vector<std::string>> as_strings() const;
  /// The value of a key of a map whose keys are strings; null if there is none.
  const reply* find(std::string_view key) const noexcept;

  friend bool operator==(const reply&, const reply&) = default;
};

std::string_view to_string(reply::kind type) noexcept;

}  // namespace cohort::redis

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_tostring.hpp>
#include <string>
#include <type_traits>

#include <cohort/runtime/time/deadline.hpp>
#include <cohort/sim/call_result.hpp>
#include <cohort/testing/text.hpp>

// Makes Catch2 3 print Cohort's types in failed checks. Include this header in each test file, so that all files of a
// program print the same text. The module itself does not use Catch2.
namespace Catch {

template <>
struct StringMaker<cohort::duration> {
  static std::string convert(cohort::duration span) { return cohort::testing::to_text(span); }
};
template <>
struct StringMaker<cohort::deadline> {
  static std::string convert(cohort::deadline value) {
    if (value.is_never()) return "never";
    return "at " + cohort::testing::to_text(value.time().time_since_epoch());
  }
};
template <>
struct StringMaker<cohort::http::status> {
  static std::string convert(cohort::http::status status) { return cohort::testing::to_text(status); }
};
template <>
struct StringMaker<cohort::http::client_response> {
  static std::string convert(const cohort::http::client_response& response) {
    return cohort::testing::to_text(response);
  }
};
template <>
struct StringMaker<cohort::http::response> {
  static std::string convert(const cohort::http::response& response) { return cohort::testing::to_text(response); }
};
template <>
struct StringMaker<cohort::error_code> {
  static std::string convert(const cohort::error_code& error) { return cohort::testing::to_text(error); }
};
template <>
struct StringMaker<cohort::http::client_error> {
  static std::string convert(cohort::http::client_error error) {
    return cohort::testing::to_text(make_error_code(error));
  }
};
template <>
struct StringMaker<cohort::http::websocket_error> {
  static std::string convert(cohort::http::websocket_error error) { return cohort::testing::to_text(error); }
};
/// Prints a result as `value: …` or `error: …`.
template <class T, class E>
struct StringMaker<boost::system::result<T, E>> {
  static std::string convert(const boost::system::result<T, E>& outcome) {
    if (outcome.has_error()) return "error: " + Detail::stringify(outcome.error());
    if constexpr (std::is_void_v<T>) {
      return "success";
    } else {
      return "value: " + Detail::stringify(*outcome);
    }
  }
};

template <>
struct StringMaker<cohort::sim::call_result> : StringMaker<cohort::http::client_result> {};

}  // namespace Catch

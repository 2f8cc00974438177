// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include <cohort/http/message/response.hpp>
#include <cohort/json/description/constraints.hpp>
#include <cohort/json/field_error.hpp>

namespace cohort::http {

/// The reason why one value of a request was rejected. All three strings are sent to clients.
struct input_error {
  /// The name of the parameter or header field, or the path in the body, such as `items[2].name`; empty for the entire
  /// body.
  std::string field;
  /// `path`, `query`, `header`, `cookie` or `body`.
  std::string in;
  /// The violated constraint, such as `must be an integer from 1 to 100`.
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(input_error, (), (field, in, reason))

/// The body of `input_error_response`, and of every other 400 response, which has no `fields`.
struct input_error_body {
  std::string error;
  std::string message;
  std::vector<input_error> fields;
};
BOOST_DESCRIBE_STRUCT(input_error_body, (), (error, message, fields))
constexpr auto constraints(json::type<input_error_body>) {
  return json::constrain(json::member(&input_error_body::fields, {.min_items = 1, .required = false}));
}

/// Returns 400 (or another client error status) with the body
/// `{"error":"Bad Request","message":…,"fields":[{"field":…,"in":…,"reason":…},…]}`. The message describes the only
/// error, or states the number of errors. `truncated` means that there were more errors. Precondition: there is at
/// least one error.
response input_error_response(const std::vector<input_error>& errors, bool truncated = false,
                              status code = status::bad_request);

/// Like the overload above, but for a body that `json::decode` rejected.
response input_error_response(const json::decode_errors& errors);

}  // namespace cohort::http

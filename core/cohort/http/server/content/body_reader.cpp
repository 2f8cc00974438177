// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/content/body_reader.hpp>

namespace cohort::http {

std::string_view to_string(body_error error) noexcept {
  switch (error) {
    case body_error::too_large: return "too_large";
    case body_error::too_slow: return "too_slow";
    case body_error::malformed: return "malformed";
    case body_error::disconnected: return "disconnected";
    case body_error::deadline: return "deadline";
  }
  return "unknown";
}

response body_error_response(body_error error) {
  switch (error) {
    case body_error::too_large:
      return error_response(status::payload_too_large, "The body of the request is too large");
    case body_error::too_slow: return error_response(status::request_timeout, "Receiving the request timed out");
    case body_error::deadline: return error_response(status::gateway_timeout, "The deadline of the request passed");
    case body_error::malformed:
    case body_error::disconnected: break;
  }
  return error_response(status::bad_request, "The body of the request is malformed");
}

}  // namespace cohort::http

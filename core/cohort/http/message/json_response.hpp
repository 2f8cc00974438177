// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/message/response.hpp>
#include <cohort/json/encode.hpp>

namespace cohort::http {

/// A described struct, or a list or map of described values.
template <class T>
concept json_response_value = json::described_struct<T> || json::list_like<T> || json::map_like<T>;

/// A response with the JSON text of a described struct, or of a list or map of described values: see `json::encode`.
template <structured_value T>
  requires json_response_value<T>
response json_response(const T& value, status code = status::ok) {
  return json_response(json::encode(value), code);
}

}  // namespace cohort::http

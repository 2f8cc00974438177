// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/message/response.hpp>
#include <cohort/json/encode.hpp>

namespace cohort::http {

/// A response with the JSON text of a described struct, or of a list or map of described values: see `json::encode`.
template <class T>
  requires json::described_struct<T> || json::list_like<T> || json::map_like<T>
response json_response(const T& value, status code = status::ok) {
  return json_response(json::encode(value), code);
}

}  // namespace cohort::http

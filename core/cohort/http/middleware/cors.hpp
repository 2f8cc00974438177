// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <cohort/http/message/field.hpp>
#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// The web pages of other origins that may call a service, and the fields that they may send and read.
struct cors_settings {
  /// Origins such as `https://shop.example` or `http://localhost:8080`, compared byte by byte; the single entry `*`
  /// allows all origins.
  std::vector<std::string> origins;
  /// Whether browsers may send cookies and client certificates. Must be false with the origin `*`.
  bool allow_credentials = false;
  /// The methods that pages may use; `method::unknown` is an error.
  std::vector<method> methods{method::get, method::head, method::post, method::put, method::patch, method::delete_};
  /// The request fields that pages may set, in addition to the CORS-safelisted fields.
  std::vector<std::string> request_headers{"Authorization", "Content-Type", "X-API-Key"};
  /// The response fields that pages may read, in addition to the CORS-safelisted fields.
  std::vector<std::string> exposed_headers;
  /// Time for which a browser may reuse the response to a preflight request.
  std::chrono::seconds max_age{600};
};

/// Middleware for cross-origin resource sharing (Fetch Standard, "HTTP CORS protocol"). Responds to preflight requests:
/// 204 for an allowed origin, 403 for any other origin. All other requests continue in the pipeline, regardless of
/// their origin. Responses to allowed origins, including error responses, have the `Access-Control-*` fields that
/// permit a page to read them. Add this middleware before authentication, because preflight requests have no
/// credentials. Throws `std::invalid_argument` for an invalid origin, field name or method, and for `*` with
/// credentials.
middleware cors(cors_settings settings);

}  // namespace cohort::http

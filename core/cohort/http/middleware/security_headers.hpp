// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Returns the header lines, each with its CRLF, that protect browsers: `X-Content-Type-Options`, `X-Frame-Options`,
/// `Referrer-Policy`, `Content-Security-Policy` and `Permissions-Policy`. A service sends them with every response
/// (`server_settings::common_header_lines`), including responses to invalid requests.
std::string security_header_lines(std::string_view content_security_policy);

/// Sets the same fields, except fields that the response already has. Use this middleware for a server without common
/// header lines, such as a server that is not a `service`.
middleware security_headers(std::string content_security_policy);

}  // namespace cohort::http

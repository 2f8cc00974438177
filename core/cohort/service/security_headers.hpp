// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::service {

/// Header lines, each with its CRLF, that protect browsers: `X-Content-Type-Options`, `X-Frame-Options`,
/// `Referrer-Policy`, `Content-Security-Policy` and `Permissions-Policy`.
std::string security_headers(std::string_view content_security_policy);

}  // namespace cohort::service

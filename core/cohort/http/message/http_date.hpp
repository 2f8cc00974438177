// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>

namespace cohort::http {

/// A timestamp in the format of HTTP header fields, such as `Mon, 01 Jun 2026 12:00:00 GMT` (IMF-fixdate, RFC 9110
/// section 5.6.7).
std::string format_http_date(std::chrono::sys_seconds time);

}  // namespace cohort::http

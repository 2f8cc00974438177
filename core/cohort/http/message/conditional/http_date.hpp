// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace cohort::http {

/// A date in one of the three formats that a recipient must accept (RFC 9110 section 5.6.7); empty for any other
/// string.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept;

}  // namespace cohort::http

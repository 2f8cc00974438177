// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

/// The value of a field that must occur once, such as `Authorization`; empty if it is absent or repeated. Recipients of
/// a repeated field use different values (RFC 9110 section 5.3), so that none of them may decide.
std::optional<std::string_view> find_unique(const request_head& head, field id) noexcept;

/// As above, by name; names are case-insensitive.
std::optional<std::string_view> find_unique(const request_head& head, std::string_view name) noexcept;

}  // namespace cohort::http

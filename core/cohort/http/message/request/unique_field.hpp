// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

/// The value of a field that must occur once, such as `Authorization`; empty if it is absent or repeated. Recipients
/// use different values of a repeated field (RFC 9110 section 5.3), so none of the values is used.
std::optional<std::string_view> find_unique(const request_head& head, field id) noexcept;

/// Like the overload above, but finds the field by its name; names are case-insensitive.
std::optional<std::string_view> find_unique(const request_head& head, std::string_view name) noexcept;

}  // namespace cohort::http

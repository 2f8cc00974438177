// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::gateway {

/// Paths that the gateway itself serves.
inline constexpr std::array<std::string_view, 6> own_paths{"/health",  "/livez", "/readyz",
                                                           "/metrics", "/debug", "/openapi.json"};

/// Returns the path for route matching: percent-decoded, and with repeated slashes merged. Therefore, `/api/%61dmin`
/// and `/api//admin` do not evade a route for `/api/admin`. Returns an empty result for a path that servers interpret
/// differently, because no route can be selected safely. Such a path has dot segments (including `%2e`, and dot
/// segments followed by `;`), an encoded slash, a backslash, or an encoded control character. `storage` holds the text
/// if it differs from `path`; both must outlive the result.
std::optional<std::string_view> matching_path(std::string_view path, std::string& storage);

/// Whether `path` is `prefix` or below it: `/api` matches `/api` and `/api/a`, not `/apis`; `/api/` matches only the
/// paths below it.
bool is_below(std::string_view path, std::string_view prefix) noexcept;

/// The host in the value of a `Host` field: without the port and a trailing dot.
std::string_view host_without_port(std::string_view host) noexcept;

}  // namespace cohort::gateway

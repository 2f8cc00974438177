// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::gateway {

/// Paths that the gateway answers itself.
inline constexpr std::array<std::string_view, 6> own_paths{"/health",  "/livez", "/readyz",
                                                           "/metrics", "/debug", "/openapi.json"};

/// The path that is matched with routes: percent-decoded, and with repeated slashes merged. So `/api/%61dmin` and
/// `/api//admin` do not evade a route for `/api/admin`. Empty for a path that servers interpret differently, so that no
/// route can be chosen safely: with dot segments (also as `%2e`, or followed by `;`), and with an encoded slash, a
/// backslash, or an encoded control character. `storage` keeps the text if it is not `path` itself; both must outlive
/// the result.
std::optional<std::string_view> matching_path(std::string_view path, std::string& storage);

/// Whether `path` is `prefix` or below it: `/api` matches `/api` and `/api/a`, not `/apis`; `/api/` matches only the
/// paths below it.
bool is_below(std::string_view path, std::string_view prefix) noexcept;

/// The host in the value of a `Host` field: without the port and a dot at its end.
std::string_view host_without_port(std::string_view host) noexcept;

}  // namespace cohort::gateway

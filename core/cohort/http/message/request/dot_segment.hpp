// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::http {

/// Whether a path, percent-encoded as in a request target, has a dot segment (RFC 3986 section 5.2.4): `.` or `..`. A
/// server that normalizes the path (RFC 3986 section 6.2.2.3) may serve a resource that the path does not name, and it
/// may use more separators than the RFC. Therefore, the path is decoded once and split at `/` and `\`, and a segment
/// ends at a `;`: `/a/..`, `/%2e%2E/b`, `/a%2f..`, `/..%5Cb` and `/..;a/b` have a dot segment; `/a.b/...`,
/// `/.well-known` and `/%252e%252e` do not. Safe from any thread.
bool has_dot_segment(std::string_view path) noexcept;

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

/// The validators of the selected representation (RFC 9110 section 8.8).
struct validators {
  /// The entity tag with its quotes, and with `W/` if it is weak; empty if there is none.
  std::string_view etag;
  std::optional<std::chrono::sys_seconds> last_modified{};
};

enum class precondition {
  /// The request is processed normally.
  met,
  /// 304.
  not_modified,
  /// 412.
  failed,
};

/// Evaluates `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since`, with the precedence of RFC
/// 9110 section 13.2.2. Lists may be split across several fields. Invalid dates and repeated date fields are ignored.
precondition evaluate_preconditions(const request_head& head, const validators& current) noexcept;

/// Whether `If-Range` permits the `Range` of the request: it is absent, or has the current strong validator (RFC 9110
/// section 13.1.5). A date is strong if it is at least a second older than `now`.
bool permits_range(const request_head& head, const validators& current, std::chrono::sys_seconds now) noexcept;

}  // namespace cohort::http

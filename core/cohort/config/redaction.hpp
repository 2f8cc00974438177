// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::config {

/// Redacts the credentials in `text`, for a message or a log. If `text` is a URL with user information, or resembles
/// such a URL, `***` replaces the text before the `@`. The URL may be invalid, and its password may contain any
/// character. If `text` is a header field whose name indicates a credential, such as `Authorization: Bearer x` or
/// `X-API-Key: x`, `***` replaces its value.
std::string redact_userinfo(std::string_view text);

}  // namespace cohort::config

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::config {

/// Returns `text` for a message or a log: if it is a URL with user information, or could be meant as one, `***`
/// replaces the text before the `@`. The text need not be a valid URL, and a password may contain any character. Of a
/// header field whose name tells that it is a credential, such as `Authorization: Bearer x` or `X-API-Key: x`, only the
/// name is kept.
std::string redact_userinfo(std::string_view text);

}  // namespace cohort::config

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::gateway {

/// Decodes base64url without padding (RFC 7515 section 2). Empty for any other text: other characters, padding, an
/// impossible length, and bits beyond the last byte that are not zero, so that each value has one text.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace cohort::gateway

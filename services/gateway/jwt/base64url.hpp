// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::gateway {

/// Decodes base64url without padding (RFC 7515 section 2). Returns an empty result for invalid text: other characters,
/// padding, an invalid length, or non-zero bits beyond the last byte. Each value therefore has exactly one encoding.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace cohort::gateway

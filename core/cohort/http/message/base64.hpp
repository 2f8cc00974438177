// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// Encodes bytes as Base64 with padding (RFC 4648 section 4). Precondition: `bytes` has at most 1 GiB.
std::string encode_base64(std::string_view bytes);
/// Decodes Base64. Returns an empty result if `text` is not Base64 with padding, is empty or has more than 1 GiB.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace cohort::http

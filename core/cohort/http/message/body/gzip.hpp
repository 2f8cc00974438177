// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// Decompresses a gzip or zlib body. Returns an empty result if it is malformed or truncated, or if the result would
/// exceed `max_bytes`; `is_too_large` distinguishes these cases.
std::optional<std::string> gunzip(std::string_view compressed, std::size_t max_bytes, bool& is_too_large);

}  // namespace cohort::http

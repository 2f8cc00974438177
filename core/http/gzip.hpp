#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// Unpacks a gzip or zlib body; nothing if it is broken, cut short, or would be larger than `most` bytes (`too_big`
/// tells which).
std::optional<std::string> gunzip(std::string_view packed, std::size_t most, bool& too_big);

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cohort::http {

/// A part of a representation, in bytes; not empty.
struct byte_range {
  std::uint64_t offset;
  std::uint64_t length;

  friend bool operator==(const byte_range&, const byte_range&) noexcept = default;
};

/// Maximum number of ranges in one request.
inline constexpr std::size_t max_byte_ranges = 16;

/// The satisfiable ranges of a `Range` value for a representation of `size` bytes, in the order of the request (RFC
/// 9110 section 14.1.2). Returns an empty optional if the field must be ignored, because it is malformed, has another
/// unit, more than `max_byte_ranges` ranges, or overlapping ranges. RFC 9110 section 14.2 permits ignoring overlapping
/// ranges, which would multiply the work. Returns an empty list if no range is satisfiable; the response is then 416.
std::optional<std::vector<byte_range>> parse_byte_ranges(std::string_view value, std::uint64_t size);

}  // namespace cohort::http

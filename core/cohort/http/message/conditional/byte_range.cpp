// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/conditional/byte_range.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// Parses 1*DIGIT; a number that is out of range becomes the maximum.
std::optional<std::uint64_t> parse_position(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto* const end = digits.data() + digits.size();
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto parsed = std::from_chars(digits.data(), end, value);
  return parsed.ec == std::errc{} ? value : std::numeric_limits<std::uint64_t>::max();
}

/// Adds the range of a `range-spec` if it is satisfiable; false if it is malformed.
bool add_range(std::string_view spec, std::uint64_t size, std::vector<byte_range>& ranges) {
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  const auto last = parse_position(spec.substr(dash + 1));
  if (dash == 0) {
    if (!last) return false;
    const auto length = std::min(*last, size);
    if (length > 0) ranges.push_back({size - length, length});
    return true;
  }
  const auto first = parse_position(spec.substr(0, dash));
  const bool is_open = dash + 1 == spec.size();
  if (!first || (!last && !is_open) || (last && *last < *first)) return false;
  if (*first >= size) return true;
  const auto end = last ? std::min(*last, size - 1) : size - 1;
  ranges.push_back({*first, end - *first + 1});
  return true;
}

bool has_overlap(std::vector<byte_range> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  return std::adjacent_find(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
           return a.offset + a.length > b.offset;
         }) != ranges.end();
}

}  // namespace

std::optional<std::vector<byte_range>> parse_byte_ranges(std::string_view value, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (value.size() < unit.size() || !iequals(value.substr(0, unit.size()), unit)) return std::nullopt;
  value.remove_prefix(unit.size());
  std::vector<byte_range> ranges;
  std::size_t count = 0;
  while (!value.empty()) {
    const auto spec = next_list_element(value);
    if (spec.empty()) continue;  // empty elements are ignored (RFC 9110 section 5.6.1)
    if (++count > max_byte_ranges || !add_range(spec, size, ranges)) return std::nullopt;
  }
  if (count == 0 || has_overlap(ranges)) return std::nullopt;
  return ranges;
}

}  // namespace cohort::http

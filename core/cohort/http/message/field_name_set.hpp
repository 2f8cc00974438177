// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// A constant set of field names; comparisons ignore case. Each name has fewer than 64 bytes. A name whose length
/// differs from the lengths of all names in the set is rejected without a comparison.
template <std::size_t Count>
class field_name_set {
 public:
  constexpr explicit field_name_set(const std::array<std::string_view, Count>& names) noexcept : names_(names) {
    for (const auto name : names) lengths_ |= std::uint64_t{1} << name.size();
  }

  /// Whether the set has the name; the comparison ignores case.
  bool contains(std::string_view name) const noexcept {
    if (name.size() >= 64 || (lengths_ >> name.size() & 1U) == 0) return false;
    return std::any_of(names_.begin(), names_.end(),
                       [name](std::string_view other) { return other.size() == name.size() && iequals(name, other); });
  }

 private:
  std::array<std::string_view, Count> names_;
  /// One bit for each length of a name.
  std::uint64_t lengths_ = 0;
};

template <class... Names>
constexpr auto make_field_name_set(const Names&... names) noexcept {
  return field_name_set<sizeof...(Names)>{std::array<std::string_view, sizeof...(Names)>{names...}};
}

}  // namespace cohort::http

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>

namespace cohort::test {

/// Calls `check` with each string that differs from `original` at one of its first `count` bytes: the byte is changed
/// or removed, or a byte is inserted before it. Ends the test at the first string for which `check` returns false.
template <class Check>
void check_byte_changes(const std::string& original, std::size_t count, const Check& check) {
  for (std::size_t position = 0; position < count; ++position) {
    for (int byte = 0; byte < 256; ++byte) {
      auto changed = original;
      changed[position] = static_cast<char>(byte);
      if (!check(changed)) FAIL("byte " << byte << " at " << position << " of " << original);
      auto inserted = original;
      inserted.insert(position, 1, static_cast<char>(byte));
      if (!check(inserted)) FAIL("byte " << byte << " inserted at " << position << " of " << original);
    }
    auto removed = original;
    if (!check(removed.erase(position, 1))) FAIL("without the byte at " << position << " of " << original);
  }
}

}  // namespace cohort::test

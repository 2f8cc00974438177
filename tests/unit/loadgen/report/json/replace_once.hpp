// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace cohort::loadgen {

inline std::string replace_once(std::string text, std::string_view original, std::string_view replacement) {
  const auto position = text.find(original);
  REQUIRE(position != std::string::npos);
  return text.replace(position, original.size(), replacement);
}

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "loadgen/measurement/histogram.hpp"

namespace cohort::loadgen {

inline constexpr std::array tested_percentiles{0.001, 1.0, 10.0, 50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0};

/// Returns values of all magnitudes in the range, with duplicates.
inline std::vector<std::uint64_t> random_values(std::mt19937_64& random, std::size_t count) {
  std::vector<std::uint64_t> values(count);
  const auto max_bits = 1 + random() % 31;
  for (auto& value : values) value = random() >> (64 - 1 - random() % max_bits);
  return values;
}

inline histogram make_histogram(const std::vector<std::uint64_t>& values) {
  histogram recorded;
  for (const auto value : values) recorded.record(value);
  return recorded;
}

}  // namespace cohort::loadgen

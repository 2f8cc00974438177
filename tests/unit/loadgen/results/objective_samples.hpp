// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string_view>

#include "loadgen/results/objective.hpp"

// Objectives and statistics for tests.
namespace cohort::loadgen {

inline objective parse(std::string_view text) {
  auto parsed = parse_objective(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

inline request_stats make_stats(std::uint64_t succeeded, std::uint64_t failed, std::uint64_t on_time = 0) {
  request_stats stats;
  stats.outcomes[static_cast<std::size_t>(request_outcome::status_2xx)] = succeeded;
  stats.outcomes[static_cast<std::size_t>(request_outcome::connect_refused)] = failed;
  stats.on_time = on_time;
  return stats;
}

/// Response times from 1 ms to 100 ms.
inline request_stats make_uniform_response_times() {
  auto stats = make_stats(100, 0);
  for (int i = 1; i <= 100; ++i) stats.response_time.record(std::chrono::milliseconds{i});
  return stats;
}

}  // namespace cohort::loadgen

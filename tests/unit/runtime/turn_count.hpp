// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/concurrency/when_all.hpp>

// Counts the turns that a coroutine leaves to the others of its loop.
namespace cohort::test {

/// Counts its turns on the loop until `has_ended`.
inline task<> count_turns(const bool& has_ended, int& turns) {
  while (!has_ended) {
    ++turns;
    co_await yield_to_loop();
  }
}

/// Runs both concurrently until both have ended.
inline task<> run_both(task<> first, task<> second) {
  auto both = when_all(std::move(first), std::move(second));
  co_await std::move(both);
}

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/concurrency/when_all.hpp>

// Counts the number of times that a coroutine yields to another coroutine of its loop.
namespace cohort::test {

/// Counts the number of times that the coroutine runs on the loop, until `has_ended`.
inline task<> count_iterations(const bool& has_ended, int& iterations) {
  while (!has_ended) {
    ++iterations;
    co_await yield_to_loop();
  }
}

/// Runs two tasks concurrently until both have ended.
inline task<> run_both(task<> first, task<> second) {
  auto both_tasks = when_all(std::move(first), std::move(second));
  co_await std::move(both_tasks);
}

}  // namespace cohort::test

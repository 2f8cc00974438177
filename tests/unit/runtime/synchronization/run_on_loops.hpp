// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <exception>

#include <cohort/runtime/runtime.hpp>

namespace cohort::test {

/// Runs `make(i)` on each of several loops, and returns when all tasks have ended.
template <class Make>
void run_on_loops(std::size_t count, Make make) {
  runtime loops{count};
  std::atomic<std::size_t> running_count{count};
  std::atomic<int> failures{0};
  for (std::size_t i = 0; i < count; ++i) {
    asio::co_spawn(loops.at(i).get_executor(), make(i), [&](const std::exception_ptr& failure) {
      if (failure) ++failures;
      if (--running_count == 0) loops.stop();
    });
  }
  loops.run();
  CHECK(failures == 0);
}

}  // namespace cohort::test

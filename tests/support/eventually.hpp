// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/net/socket.hpp"

#include <chrono>
#include <thread>

namespace cohort::test {

/// Evaluates `condition` every 10 ms for at most `timeout`. Returns whether it became true.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds timeout = default_timeout) {
  const auto deadline = deadline_after(timeout);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/completion_handler.hpp>

#include <variant>

namespace cohort::loadgen {

/// Returns an awaitable that resumes after all handlers that are currently ready on the loop.
inline auto yield_to_loop() {
  return async_operation<std::monostate>([](completion_handler<std::monostate> done) { done.post({}); });
}

}  // namespace cohort::loadgen

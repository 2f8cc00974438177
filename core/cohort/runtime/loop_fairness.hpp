// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort {

/// Counts an operation on `bytes` bytes, whether it waits or not. Returns true after 64 counted operations or 1 MiB of
/// the loop that the calling thread runs, of all its coroutines and connections together, and then counts from zero:
/// the calling coroutine must then `co_await yield_to_loop()`. Otherwise a coroutine whose operations never wait, such
/// as writes to a fast client, would keep the loop from all of its other work. Tokio calls this cooperative scheduling.
bool must_yield_after(std::size_t bytes) noexcept;

namespace detail {
/// A new loop on the calling thread counts from zero, so that a simulation is repeatable.
void reset_loop_fairness() noexcept;
}  // namespace detail

}  // namespace cohort

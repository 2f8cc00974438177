// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace cohort {

/// Counts an operation on `bytes` bytes for the loop of the calling thread, whether or not the operation waits. Returns
/// true, and resets the count, once all coroutines of the loop together have counted 64 operations or 1 MiB. The
/// calling coroutine must then `co_await yield_to_loop()`. Otherwise, a coroutine whose operations never wait, such as
/// writes to a fast client, would starve the loop's other coroutines. Tokio calls this cooperative scheduling.
bool must_yield_after(std::size_t bytes) noexcept;

namespace detail {
/// Resets the count of the calling thread. Each new loop resets it, so that simulations are deterministic.
void reset_loop_fairness() noexcept;
}  // namespace detail

}  // namespace cohort

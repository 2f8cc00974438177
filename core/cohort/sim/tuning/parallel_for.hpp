// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>

namespace cohort::sim {

/// Calls `work(index)` once for each index below `count`, on up to `threads` threads, including the calling thread.
/// Returns when all calls have ended. If a call throws, no further calls start, and the first exception is rethrown.
void parallel_for(std::size_t count, std::size_t threads, const std::function<void(std::size_t index)>& work);

}  // namespace cohort::sim

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/random.hpp>
#include <cohort/sim/shrink/schedule.hpp>

namespace cohort::test {

/// Adds consecutive faults. `is_lossless`: only faults that must not lose a request.
void draw_random_faults(random_generator& random, std::uint64_t count, duration run_length, bool is_lossless,
                        sim::schedule& result);

/// Returns whether a fault may lose requests of its node.
bool may_lose_requests(sim::event_action action) noexcept;

}  // namespace cohort::test

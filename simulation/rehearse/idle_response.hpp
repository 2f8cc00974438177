// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <vector>

#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// The median response time of a call that starts while no other call is in flight: it rises linearly with the time for
/// which the cores were idle, and is constant after `full_after_us`.
struct idle_response {
  /// The response time without idle time, in microseconds.
  double base_us = 0;
  /// The increase after an idle time of `full_after_us` or longer.
  double increase_us = 0;
  double full_after_us = 0;
};

/// Returns the least squares fit for the given `full_after_us`; empty if there are fewer than two groups.
std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups, double full_after_us);

/// Returns the best least squares fit with a `full_after_us` from 0.1 to 20 ms; empty if the response time does not
/// rise.
std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups);

}  // namespace cohort::simulation::rehearsal

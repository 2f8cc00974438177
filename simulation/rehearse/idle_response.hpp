// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <vector>

#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// The median response time of a call that starts while no other call is in flight: it rises linearly with the time for
/// which the cores were idle, and is constant after `saturation_idle_us`.
struct idle_response {
  /// The response time without idle time, in microseconds.
  double base_us = 0;
  /// The increase after an idle time of `saturation_idle_us` or longer.
  double increase_us = 0;
  double saturation_idle_us = 0;
};

/// Returns the least squares fit for the given `saturation_idle_us`; empty if there are fewer than two groups.
std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups,
                                               double saturation_idle_us);

/// Returns the best least squares fit with a `saturation_idle_us` from 0.1 to 20 ms; empty if the response time does
/// not rise.
std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups);

}  // namespace cohort::simulation::rehearsal

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <cohort/sim/plan/plan.hpp>

namespace cohort::sim {

/// Draws scenarios with one to three faults, one after the other, in the middle two thirds of the load. Each fault
/// affects a random service. The kind of a fault is one of the following, with equal probability: errors (5 to 60 %),
/// hanging requests (1 to 15 %), latency (20 to 200 ms), errors and hanging requests (up to 40 % and 8 %), latency and
/// errors (up to 150 ms and 40 %), or killed instances. A service with a `program` can only be killed. A rehearsal on
/// real programs supports all of these faults. The name of a scenario consists of its number and its faults. Equal
/// settings produce equal scenarios, and a scenario does not depend on `count`.
std::vector<planned_scenario> draw_scenarios(const plan& source, const random_scenario_settings& settings);

}  // namespace cohort::sim

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include <cohort/sim/tuning/policy_tuner.hpp>
#include <cohort/sim/tuning/settings_comparison.hpp>

namespace cohort::simulation {

struct held_out_settings {
  /// Number of random scenarios; a different seed than that of the plan's own random scenarios.
  std::size_t count = 0;
  std::uint64_t seed = 2;
  sim::comparison_settings comparison;
};

/// Compares the choice of a search with the plan's own settings in random scenarios that the search has not used. The
/// plan must have `random_scenarios`.
std::vector<sim::scenario_comparison> compare_in_held_out_scenarios(const sim::plan& plan,
                                                                    const sim::program_catalog& programs,
                                                                    const sim::setting_overrides& choice,
                                                                    const held_out_settings& settings);

/// The number of scenarios by verdict, the mean difference, and the scenarios with the largest losses.
std::string text_report(const std::vector<sim::scenario_comparison>& comparisons, const held_out_settings& settings);

/// The JSON document of a search and of its held-out scenarios, which `./dev tune check` reads.
std::string json_report(const sim::policy_choice& choice, const std::vector<sim::scenario_comparison>& comparisons);

}  // namespace cohort::simulation

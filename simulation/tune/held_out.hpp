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
  /// The number of random scenarios, whose seed must differ from that of the random scenarios in the plan.
  std::size_t count = 0;
  std::uint64_t seed = 2;
  sim::comparison_settings comparison;
};

/// Compares the result of a search with the settings of the plan in random scenarios that are not part of the search.
/// The plan must have `random_scenarios`.
std::vector<sim::scenario_comparison> compare_in_held_out_scenarios(const sim::plan& plan,
                                                                    const sim::program_catalog& programs,
                                                                    const sim::setting_overrides& choice,
                                                                    const held_out_settings& settings);

/// Returns the number of scenarios by verdict, the mean difference, and the scenarios with the largest losses.
std::string text_report(const std::vector<sim::scenario_comparison>& comparisons, const held_out_settings& settings);

/// Returns the JSON document of a search and of its held-out scenarios, for `./dev tune check`.
std::string json_report(const sim::policy_choice& choice, const std::vector<sim::scenario_comparison>& comparisons);

}  // namespace cohort::simulation

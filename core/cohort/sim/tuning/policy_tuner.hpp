// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/plan/planned_fleet.hpp>
#include <cohort/sim/tuning/successive_halving.hpp>

namespace cohort::sim {

/// The result of a choice of policies, over all scenarios.
struct policy_score {
  mean_estimate goodput;
  /// The lowest goodput of a scenario.
  double worst_goodput = 1;
  std::string worst_scenario;
  /// The largest loss of goodput of a scenario, compared with the plan's own settings; 0 if no scenario loses goodput.
  double max_loss = 0;
  std::string max_loss_scenario;
  /// The longest p99 of a scenario; empty if the percentile falls on a failed call.
  std::optional<duration> p99;
  /// The highest number of requests to one upstream per call of the callers, over all upstreams and scenarios.
  double amplification = 1;
  /// The highest utilization of a machine.
  double utilization = 0;
  /// The reason why the objective is not met; empty if it is met.
  std::string violation;
};

struct policy_choice {
  /// The changed settings; empty for the settings of the plan itself.
  setting_overrides settings;
  policy_score score;
  /// The difference from the goodput of the plan's own settings, with the same seeds.
  mean_estimate gain;
  std::size_t seeds = 0;
  std::size_t rounds = 0;

  /// The settings that differ from the plan, as lines such as `WEATHER_POLICY=timeout=1s,attempts=2`.
  std::vector<std::string> lines() const;
};

struct tuner_settings {
  std::size_t candidates = 32;
  std::size_t first_round_seeds = 2;
  std::size_t threads = 1;
  std::uint64_t seed = 1;
};

struct tuner_result {
  /// The choices, in descending order of their rank. The plan's own settings are one of the choices.
  std::vector<policy_choice> choices;
  std::size_t runs = 0;
};

/// Searches the values of `plan::search_spaces` for choices that meet the objective in each scenario, and ranks these
/// choices by goodput. The same plan and settings give the same result. Throws `std::invalid_argument` if a program
/// rejects a setting.
tuner_result tune_policies(
    const plan& plan, const program_catalog& programs, const tuner_settings& settings,
    const std::function<bool()>& may_continue = [] { return true; });

}  // namespace cohort::sim

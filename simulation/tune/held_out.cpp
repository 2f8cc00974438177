// SPDX-License-Identifier: BSL-1.0
#include "simulation/tune/held_out.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <cohort/json/encode.hpp>
#include <cohort/sim/plan/random_scenarios.hpp>

namespace cohort::simulation {
namespace {

using verdict = sim::comparison_verdict;

constexpr std::array all_verdicts{verdict::better, verdict::better_within_range, verdict::equal,
                                  verdict::worse_within_range, verdict::worse};
/// Number of scenarios in the list of the largest losses.
constexpr std::size_t max_listed_losses = 5;
/// Minimum relevant loss: scenarios in which the settings of the plan lose a smaller ratio can hardly be improved.
constexpr double relevant_loss = 0.02;

struct document_scenario {
  std::string scenario;
  double own = 0;
  double chosen = 0;
  double amplification = 0;
  std::string verdict;
};
BOOST_DESCRIBE_STRUCT(document_scenario, (), (scenario, own, chosen, amplification, verdict))

struct document {
  sim::setting_overrides settings;
  std::vector<document_scenario> held_out;
};
BOOST_DESCRIBE_STRUCT(document, (), (settings, held_out))

double difference_of(const sim::scenario_comparison& comparison) {
  return comparison.changed.median - comparison.baseline.median;
}

std::string percentage(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", ratio * 100);
  return text;
}

std::string signed_percentage(double ratio) { return (ratio > 0 ? "+" : "") + percentage(ratio); }

std::string count_verdicts(const std::vector<sim::scenario_comparison>& comparisons) {
  std::string text;
  for (const auto each : all_verdicts) {
    const auto has_verdict = [&](const auto& comparison) { return comparison.verdict == each; };
    const auto count = std::count_if(comparisons.begin(), comparisons.end(), has_verdict);
    text.append(text.empty() ? "" : "; ").append(sim::to_string(each)).append(": ").append(std::to_string(count));
  }
  return text;
}

std::string mean_difference(const std::vector<sim::scenario_comparison>& comparisons) {
  std::vector<double> differences;
  for (const auto& each : comparisons) differences.push_back(difference_of(each));
  const auto estimate = sim::estimate_mean(differences);
  return signed_percentage(estimate.mean) + (differences.size() < 2 ? "" : " ± " + percentage(estimate.half_width));
}

}  // namespace

std::vector<sim::scenario_comparison> compare_in_held_out_scenarios(const sim::plan& plan,
                                                                    const sim::program_catalog& programs,
                                                                    const sim::setting_overrides& choice,
                                                                    const held_out_settings& settings) {
  auto held_out_plan = plan;
  held_out_plan.scenarios = sim::draw_scenarios(plan, {plan.random_scenarios->services, settings.count, settings.seed});
  return sim::compare_settings(held_out_plan, programs, choice, settings.comparison);
}

std::string text_report(const std::vector<sim::scenario_comparison>& comparisons, const held_out_settings& settings) {
  auto text = "\n" + std::to_string(comparisons.size()) + " held-out scenarios (seed " + std::to_string(settings.seed) +
              "), " + std::to_string(settings.comparison.runs) + " runs each; the best settings are\n  " +
              count_verdicts(comparisons) + "\n  mean difference of goodput: " + mean_difference(comparisons) + "\n";
  auto relevant_comparisons = comparisons;
  std::erase_if(relevant_comparisons, [](const auto& each) { return 1 - each.baseline.median < relevant_loss; });
  if (!relevant_comparisons.empty()) {
    text += "of these, " + std::to_string(relevant_comparisons.size()) +
            " in which the plan's own settings lose at least " + percentage(relevant_loss) + " of the calls\n  " +
            count_verdicts(relevant_comparisons) +
            "\n  mean difference of goodput: " + mean_difference(relevant_comparisons) + "\n";
  }
  auto sorted = comparisons;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair{difference_of(a), a.scenario} < std::pair{difference_of(b), b.scenario};
  });
  sorted.resize(std::min(sorted.size(), max_listed_losses));
  text += "lowest differences:\n";
  for (const auto& each : sorted) {
    text += "  " + signed_percentage(difference_of(each)) + " (" + percentage(each.baseline.median) + " to " +
            percentage(each.changed.median) + ", " + std::string{sim::to_string(each.verdict)} + ")  " + each.scenario +
            "\n";
  }
  return text;
}

std::string json_report(const sim::policy_choice& choice, const std::vector<sim::scenario_comparison>& comparisons) {
  document result{choice.settings, {}};
  for (const auto& each : comparisons) {
    result.held_out.push_back({each.scenario, each.baseline.median, each.changed.median, each.amplification,
                               std::string{sim::to_string(each.verdict)}});
  }
  return json::encode(result) + "\n";
}

}  // namespace cohort::simulation

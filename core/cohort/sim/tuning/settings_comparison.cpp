// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/tuning/settings_comparison.hpp>

#include <algorithm>
#include <cmath>

#include <cohort/sim/tuning/parallel_for.hpp>
#include <cohort/sim/tuning/successive_halving.hpp>

namespace cohort::sim {
namespace {

/// The results of one scenario, indexed by seed.
struct compared_runs {
  std::vector<double> baseline;
  std::vector<double> changed;
  std::vector<double> amplification;
};

}  // namespace

measured_range range_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto last = values.size() - 1;
  return {(values[last / 2] + values[(last + 1) / 2]) / 2, values.front(), values.back()};
}

comparison_verdict compare(const measured_range& baseline, const measured_range& changed) noexcept {
  const auto range = std::max(baseline.highest - baseline.lowest, changed.highest - changed.lowest);
  const auto difference = changed.median - baseline.median;
  if (difference == 0) return comparison_verdict::equal;
  if (std::abs(difference) > range) return difference > 0 ? comparison_verdict::better : comparison_verdict::worse;
  return difference > 0 ? comparison_verdict::better_within_range : comparison_verdict::worse_within_range;
}

std::string_view to_string(comparison_verdict verdict) noexcept {
  switch (verdict) {
    case comparison_verdict::better: return "better";
    case comparison_verdict::better_within_range: return "better, within noise";
    case comparison_verdict::equal: return "equal";
    case comparison_verdict::worse_within_range: return "worse, within noise";
    case comparison_verdict::worse: return "worse";
  }
  return "";
}

std::vector<scenario_comparison> compare_settings(const plan& plan, const program_catalog& programs,
                                                  const setting_overrides& changed,
                                                  const comparison_settings& settings) {
  std::vector<compared_runs> results(plan.scenarios.size());
  for (auto& each : results) {
    for (auto* values : {&each.baseline, &each.changed, &each.amplification}) values->resize(settings.runs);
  }
  parallel_for(plan.scenarios.size() * settings.runs, settings.threads, [&](std::size_t job) {
    const auto index = job / settings.runs;
    const auto run = job % settings.runs;
    const auto simulate = [&](const setting_overrides& overrides) {
      return planned_fleet{plan, plan.scenarios[index], settings.seed * 1'000'000 + job, programs, overrides}.run();
    };
    results[index].baseline[run] = simulate({}).goodput();
    const auto changed_run = simulate(changed);
    results[index].changed[run] = changed_run.goodput();
    results[index].amplification[run] = changed_run.max_requests_per_call(plan);
  });
  std::vector<scenario_comparison> comparisons;
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto& comparison = comparisons.emplace_back();
    comparison.scenario = plan.scenarios[i].name;
    comparison.baseline = range_of(results[i].baseline);
    comparison.changed = range_of(results[i].changed);
    comparison.amplification = estimate_mean(results[i].amplification).mean;
    comparison.verdict = compare(comparison.baseline, comparison.changed);
  }
  return comparisons;
}

}  // namespace cohort::sim

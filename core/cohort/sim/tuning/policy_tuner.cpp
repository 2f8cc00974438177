// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/tuning/policy_tuner.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>
#include <set>

namespace cohort::sim {
namespace {

/// The weight of a missed objective in the ranking, in units of goodput.
constexpr double miss_weight = 10;
/// The p99 that the ranking assumes if the percentile falls on a failed call.
constexpr duration max_ranked_p99 = std::chrono::hours{1};

std::string format(const char* pattern, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, value);
  return text.data();
}

/// The results of one scenario and seed.
struct sample_results {
  double goodput = 0;
  duration p99{};
  double amplification = 0;
  double utilization = 0;
};

class tuner {
 public:
  tuner(const plan& plan, const program_catalog& programs, const tuner_settings& settings)
      : plan_(plan), programs_(programs), settings_(settings) {
    draw_candidates();
    samples_.resize(candidates_.size());
  }

  tuner_result run(const std::function<bool()>& may_continue) {
    halving_settings search_settings;
    search_settings.candidates = candidates_.size();
    search_settings.first_round_seeds = settings_.first_round_seeds;
    search_settings.threads = settings_.threads;
    const auto sample = [this](std::size_t candidate, std::uint64_t seed) { return take_sample(candidate, seed); };
    const auto score = [this](const halving_candidate& candidate) {
      return mean_of_samples(candidate) - miss_weight * shortfall(candidate.index, candidate.samples.size());
    };
    const auto ranked = successive_halving(search_settings, sample, score, may_continue);
    tuner_result result;
    for (const auto& candidate : ranked) {
      auto& choice = result.choices.emplace_back();
      choice.settings = candidates_[candidate.index];
      choice.seeds = candidate.samples.size();
      choice.rounds = candidate.rounds;
      choice.score = score_of(candidate.index, choice.seeds);
      choice.gain = gain_of(candidate.index, choice.seeds);
      result.runs += choice.seeds * plan_.scenarios.size();
    }
    // In the early rounds, which have few seeds, an objective can be missed because of noise, so a miss only lowers the
    // rank. In the last round, a miss excludes the candidate.
    const auto last_round = result.choices.front().rounds;
    const auto best = std::find_if(result.choices.begin(), result.choices.end(), [&](const policy_choice& choice) {
      return choice.score.violation.empty() && choice.rounds == last_round;
    });
    if (best != result.choices.end()) std::rotate(result.choices.begin(), best, best + 1);
    return result;
  }

 private:
  /// The first candidate has the settings of the plan.
  void draw_candidates() {
    random_generator random{settings_.seed};
    std::set<std::string> texts;
    candidates_.emplace_back();
    std::size_t combinations = 1;
    for (const auto& policy : plan_.search_spaces) {
      for (const auto& [key, values] : policy.choices) {
        combinations = std::min<std::size_t>(combinations * values.size(), 1'000'000);
      }
    }
    const auto count = std::min(settings_.candidates, combinations + 1);
    while (candidates_.size() < count) {
      setting_overrides settings;
      std::string text;
      for (const auto& policy : plan_.search_spaces) {
        auto& value = settings[policy.service][policy.variable];
        for (const auto& [key, values] : policy.choices) {
          value.append(value.empty() ? "" : ",")
              .append(key)
              .append("=")
              .append(values[random.uniform_below(values.size())]);
        }
        text.append(value).append(" ");
      }
      if (texts.insert(text).second) candidates_.push_back(std::move(settings));
    }
  }

  double take_sample(std::size_t candidate, std::uint64_t seed) {
    double total = 0;
    std::vector<sample_results> results;
    for (const auto& scenario : plan_.scenarios) {
      planned_fleet fleet{plan_, scenario, settings_.seed * 1'000'000 + seed, programs_, candidates_[candidate]};
      results.push_back(results_of(fleet.run()));
      total += results.back().goodput;
    }
    const std::lock_guard lock{mutex_};
    auto& samples = samples_[candidate];
    if (samples.size() <= seed) samples.resize(seed + 1);
    samples[seed] = std::move(results);
    return total / static_cast<double>(plan_.scenarios.size());
  }

  sample_results results_of(const plan_run& run) const {
    sample_results results;
    results.goodput = run.goodput();
    results.p99 = run.callers.quantile(0.99).value_or(max_ranked_p99);
    results.amplification = run.max_requests_per_call(plan_);
    for (const auto& [name, utilization] : run.utilization)
      results.utilization = std::max(results.utilization, utilization);
    return results;
  }

  /// The means of the results of one scenario over the first `seeds` seeds.
  sample_results mean_results(std::size_t candidate, std::size_t scenario, std::size_t seeds) const {
    sample_results mean;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const auto& results = samples_[candidate][seed][scenario];
      mean.goodput += results.goodput / static_cast<double>(seeds);
      mean.amplification += results.amplification / static_cast<double>(seeds);
      mean.p99 += results.p99 / static_cast<std::int64_t>(seeds);
      mean.utilization = std::max(mean.utilization, results.utilization);
    }
    return mean;
  }

  /// The amount by which the objective is missed, over all scenarios; 0 if it is met. The amounts are added, not
  /// averaged, because other scenarios must not compensate for a miss in one scenario.
  double shortfall(std::size_t candidate, std::size_t seeds) const {
    const auto& objective = plan_.objective;
    double missed = 0;
    for (std::size_t scenario = 0; scenario < plan_.scenarios.size(); ++scenario) {
      const auto results = mean_results(candidate, scenario, seeds);
      if (objective.min_goodput) missed += std::max(*objective.min_goodput - results.goodput, 0.0);
      if (objective.max_loss) {
        const auto loss = mean_results(0, scenario, seeds).goodput - results.goodput;
        missed += std::max(loss - *objective.max_loss, 0.0);
      }
      if (objective.max_p99 && results.p99 > *objective.max_p99) {
        const auto ratio = static_cast<double>(results.p99.count()) / static_cast<double>(objective.max_p99->count());
        missed += std::min(ratio - 1, 1.0);
      }
      if (objective.max_amplification) {
        missed += std::max(results.amplification / *objective.max_amplification - 1, 0.0);
      }
    }
    return missed;
  }

  /// The mean goodput over the scenarios, by seed.
  std::vector<double> goodput_by_seed(std::size_t candidate, std::size_t seeds) const {
    std::vector<double> goodput;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      double sum = 0;
      for (const auto& results : samples_[candidate][seed]) sum += results.goodput;
      goodput.push_back(sum / static_cast<double>(plan_.scenarios.size()));
    }
    return goodput;
  }

  mean_estimate gain_of(std::size_t candidate, std::size_t seeds) const {
    auto difference = goodput_by_seed(candidate, seeds);
    const auto baseline = goodput_by_seed(0, seeds);
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= baseline[i];
    return estimate_mean(difference);
  }

  policy_score score_of(std::size_t candidate, std::size_t seeds) const {
    policy_score score;
    score.goodput = estimate_mean(goodput_by_seed(candidate, seeds));
    duration worst_p99{};
    score.amplification = 0;
    for (std::size_t index = 0; index < plan_.scenarios.size(); ++index) {
      const auto results = mean_results(candidate, index, seeds);
      if (results.goodput <= score.worst_goodput) {
        score.worst_goodput = results.goodput;
        score.worst_scenario = plan_.scenarios[index].name;
      }
      const auto loss = mean_results(0, index, seeds).goodput - results.goodput;
      if (loss > score.max_loss) {
        score.max_loss = loss;
        score.max_loss_scenario = plan_.scenarios[index].name;
      }
      score.amplification = std::max(score.amplification, results.amplification);
      score.utilization = std::max(score.utilization, results.utilization);
      worst_p99 = std::max(worst_p99, results.p99);
    }
    constexpr duration longest_mean = std::chrono::minutes{5};
    if (worst_p99 < longest_mean) score.p99 = worst_p99;
    score.violation = violation_of(score);
    return score;
  }

  std::string violation_of(const policy_score& score) const {
    const auto& objective = plan_.objective;
    if (objective.min_goodput && score.worst_goodput < *objective.min_goodput) {
      return "goodput " + format("%.1f %%", score.worst_goodput * 100) + " in the scenario \"" + score.worst_scenario +
             "\" is below " + format("%.1f %%", *objective.min_goodput * 100);
    }
    if (objective.max_loss && score.max_loss > *objective.max_loss) {
      return "goodput in the scenario \"" + score.max_loss_scenario + "\" is " +
             format("%.1f %%", score.max_loss * 100) + " lower than with the plan's own settings, which is more than " +
             format("%.1f %%", *objective.max_loss * 100);
    }
    if (objective.max_p99 && score.p99.value_or(max_ranked_p99) > *objective.max_p99) {
      const auto p99 = score.p99 ? "p99 " + format("%.0f ms", to_milliseconds(*score.p99)) : "p99 (a failed call)";
      return p99 + " is above " + format("%.0f ms", to_milliseconds(*objective.max_p99));
    }
    if (objective.max_amplification && score.amplification > *objective.max_amplification) {
      return "amplification " + format("%.2f", score.amplification) + " is above " +
             format("%.2f", *objective.max_amplification);
    }
    return {};
  }

  const plan& plan_;
  const program_catalog& programs_;
  const tuner_settings& settings_;
  std::vector<setting_overrides> candidates_;
  std::mutex mutex_;
  /// Indexed by candidate, seed and scenario.
  std::vector<std::vector<std::vector<sample_results>>> samples_;
};

}  // namespace

std::vector<std::string> policy_choice::lines() const {
  std::vector<std::string> lines;
  for (const auto& [service, variables] : settings) {
    for (const auto& [variable, value] : variables) lines.push_back(variable + "=" + value);
  }
  return lines;
}

tuner_result tune_policies(const plan& plan, const program_catalog& programs, const tuner_settings& settings,
                           const std::function<bool()>& may_continue) {
  return tuner{plan, programs, settings}.run(may_continue);
}

}  // namespace cohort::sim

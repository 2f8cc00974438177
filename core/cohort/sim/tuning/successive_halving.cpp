// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/tuning/successive_halving.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <cohort/sim/tuning/parallel_for.hpp>

namespace cohort::sim {
namespace {

/// The quantile of Student's t distribution at 0.975.
double student_t_quantile(std::size_t degrees_of_freedom) {
  constexpr std::array<double, 30> table{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                         2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                         2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return degrees_of_freedom <= table.size() ? table.at(degrees_of_freedom - 1)
                                            : 1.96 + 2.4 / static_cast<double>(degrees_of_freedom);
}

double mean_of(const std::vector<double>& samples) {
  if (samples.empty()) return -std::numeric_limits<double>::infinity();
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

}  // namespace

double mean_of_samples(const halving_candidate& candidate) { return mean_of(candidate.samples); }

mean_estimate estimate_mean(const std::vector<double>& samples) {
  const auto mean = mean_of(samples);
  if (samples.size() < 2) return {mean, std::numeric_limits<double>::infinity()};
  double sum_of_squares = 0;
  for (const double value : samples) sum_of_squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(samples.size());
  return {mean, student_t_quantile(samples.size() - 1) * std::sqrt(sum_of_squares / (count - 1) / count)};
}

std::vector<halving_candidate> successive_halving(
    const halving_settings& settings, const std::function<double(std::size_t candidate, std::uint64_t seed)>& sample,
    const std::function<double(const halving_candidate& candidate)>& score, const std::function<bool()>& may_continue) {
  std::vector<halving_candidate> all(settings.candidates);
  std::vector<double> scores(all.size());
  const auto is_better = [&](const halving_candidate& a, const halving_candidate& b) {
    if (a.rounds != b.rounds) return a.rounds > b.rounds;
    return scores[a.index] != scores[b.index] ? scores[a.index] > scores[b.index] : a.index < b.index;
  };
  for (std::size_t i = 0; i < all.size(); ++i) all[i].index = i;
  std::vector<halving_candidate*> remaining;
  for (auto& candidate : all) remaining.push_back(&candidate);
  for (std::size_t seeds = settings.first_round_seeds;; seeds *= 2) {
    std::vector<std::pair<halving_candidate*, std::size_t>> jobs;
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      for (auto* candidate : remaining) {
        if (seed >= candidate->samples.size()) jobs.emplace_back(candidate, seed);
      }
    }
    for (auto* candidate : remaining) {
      candidate->samples.resize(seeds);
      ++candidate->rounds;
    }
    parallel_for(jobs.size(), settings.threads, [&](std::size_t index) {
      const auto& [candidate, seed] = jobs[index];
      candidate->samples[seed] = sample(candidate->index, seed);
    });
    for (const auto* candidate : remaining) scores[candidate->index] = score(*candidate);
    std::sort(remaining.begin(), remaining.end(), [&](const auto* a, const auto* b) { return is_better(*a, *b); });
    if (remaining.size() <= settings.final_candidates + settings.baseline_candidates || !may_continue()) break;
    const auto half_count = std::max(remaining.size() / 2, settings.final_candidates);
    std::vector<halving_candidate*> next(remaining.begin(),
                                         remaining.begin() + static_cast<std::ptrdiff_t>(half_count));
    for (auto i = remaining.begin() + static_cast<std::ptrdiff_t>(half_count); i != remaining.end(); ++i) {
      if ((*i)->index < settings.baseline_candidates) next.push_back(*i);
    }
    if (next.size() == remaining.size()) break;
    remaining = std::move(next);
  }
  std::sort(all.begin(), all.end(), is_better);
  return all;
}

}  // namespace cohort::sim

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace cohort::sim {

/// The mean of samples, and half of the width of its 95 % confidence interval (Student's t); the half width is infinite
/// with fewer than two samples.
struct mean_estimate {
  double mean = 0;
  double half_width = 0;
};
mean_estimate estimate_mean(const std::vector<double>& samples);

/// Settings of a search for the best of many candidates, whose values can only be sampled. All candidates are sampled
/// with the same few seeds. In each further round, the better half is sampled with twice as many seeds. Therefore, most
/// of the time is spent on the best candidates, and differences between candidates are not caused by different seeds
/// (common random numbers). Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
/// optimization" (2016).
struct halving_settings {
  std::size_t candidates = 32;
  /// Number of seeds of the first round.
  std::size_t first_round_seeds = 2;
  /// A round with fewer candidates is the last round and is not halved.
  std::size_t final_candidates = 4;
  /// Number of candidates, from the first, that stay in all rounds for comparison.
  std::size_t baseline_candidates = 1;
  /// Number of threads that sample.
  std::size_t threads = 1;
};

struct halving_candidate {
  std::size_t index = 0;
  /// The samples, indexed by seed from 0. Greater is better.
  std::vector<double> samples;
  /// The number of rounds in which the candidate was sampled.
  std::size_t rounds = 0;
};

/// The mean of the samples.
double mean_of_samples(const halving_candidate& candidate);

/// Returns all candidates, the best first: sorted by the number of rounds, then by `score`, both in descending order.
/// `sample(candidate, seed)` must depend only on its arguments, and be thread-safe. The result does not depend on
/// `threads`. `may_continue` is called before each round except the first; false ends the search.
std::vector<halving_candidate> successive_halving(
    const halving_settings& settings, const std::function<double(std::size_t candidate, std::uint64_t seed)>& sample,
    const std::function<double(const halving_candidate& candidate)>& score = mean_of_samples,
    const std::function<bool()>& may_continue = [] { return true; });

}  // namespace cohort::sim

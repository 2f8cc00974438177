// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/measured_pauses.hpp"

#include <algorithm>
#include <cmath>

namespace cohort::simulation::rehearsal {
namespace {

/// The lower bound of the first bin separates normal wake-ups from pauses. Each further bound is `bound_factor` times
/// the previous one.
constexpr double first_bound_us = 200;
constexpr double bound_factor = 1.35;

/// The number of calls whose lag is between two bounds.
struct lag_density {
  double lower_us;
  double upper_us;
  double calls;

  double calls_per_us() const noexcept { return calls / (upper_us - lower_us); }
  double middle_us() const noexcept { return (lower_us + upper_us) / 2; }
};

std::vector<lag_density> densities_of(const std::vector<observed_lag>& lag) {
  std::vector<lag_density> densities;
  double lower = first_bound_us;
  for (const auto& entry : lag) {
    const auto value = static_cast<double>(entry.lag_us);
    if (value <= first_bound_us) continue;
    while (densities.empty() || value > densities.back().upper_us) {
      densities.push_back({lower, lower * bound_factor, 0});
      lower *= bound_factor;
    }
    densities.back().calls += static_cast<double>(entry.calls);
  }
  if (!densities.empty()) densities.back().upper_us = static_cast<double>(lag.back().lag_us) + 1;
  return densities;
}

/// Merges neighbors until the density does not increase, because the number of pauses longer than `x` cannot increase
/// with `x` (pool adjacent violators).
void make_non_increasing(std::vector<lag_density>& densities) {
  for (std::size_t i = 1; i < densities.size();) {
    if (densities[i].calls_per_us() <= densities[i - 1].calls_per_us()) {
      ++i;
      continue;
    }
    densities[i - 1].upper_us = densities[i].upper_us;
    densities[i - 1].calls += densities[i].calls;
    densities.erase(densities.begin() + static_cast<std::ptrdiff_t>(i));
    i = std::max<std::size_t>(i - 1, 1);
  }
}

}  // namespace

sim::core_pauses pauses_from_dispatch_lag(const std::vector<observed_lag>& lag) {
  auto densities = densities_of(lag);
  if (densities.empty()) return {};
  make_non_increasing(densities);
  double calls = 0;
  for (const auto& entry : lag) calls += static_cast<double>(entry.calls);
  // The density of a bin refers to the middle of the bin. The decrease of the density from one bin to the next is
  // proportional to the rate of the pauses whose length is between the two middles.
  std::vector<sim::distribution::bucket> buckets;
  for (std::size_t i = 0; i < densities.size(); ++i) {
    const bool is_last = i + 1 == densities.size();
    const double next = is_last ? 0 : densities[i + 1].calls_per_us();
    const double ending_ratio = (densities[i].calls_per_us() - next) / densities.front().calls_per_us();
    const double bound_us = is_last ? densities[i].upper_us : densities[i + 1].middle_us();
    const auto bound = duration{static_cast<duration::rep>(bound_us * 1e3)};
    buckets.push_back({bound, static_cast<std::uint64_t>(std::llround(ending_ratio * 1e9))});
  }
  const auto lowest = duration{static_cast<duration::rep>(densities.front().middle_us() * 1e3)};
  return {densities.front().calls_per_us() * 1e6 / calls, sim::distribution::empirical(std::move(buckets), 0, lowest)};
}

}  // namespace cohort::simulation::rehearsal

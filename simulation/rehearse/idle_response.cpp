// SPDX-License-Identifier: BSL-1.0
#include "simulation/rehearse/idle_response.hpp"

#include <algorithm>

namespace cohort::simulation::rehearsal {
namespace {

constexpr double min_saturation_idle_us = 100;
constexpr double max_saturation_idle_us = 20'000;
constexpr double full_after_factor = 1.02;

/// Returns the fraction of the full increase that applies after the idle time of the group.
double fraction(const observed_idle_group& group, double saturation_idle_us) {
  return std::min(static_cast<double>(group.idle_us) / saturation_idle_us, 1.0);
}

/// Returns the sum of the squared differences between the fit and the calls.
double squared_error(const std::vector<observed_idle_group>& groups, const idle_response& fit) {
  double sum = 0;
  for (const auto& group : groups) {
    const auto fitted = fit.base_us + fit.increase_us * fraction(group, fit.saturation_idle_us);
    const auto difference = static_cast<double>(group.p50_us) - fitted;
    sum += static_cast<double>(group.calls) * difference * difference;
  }
  return sum;
}

}  // namespace

std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups,
                                               double saturation_idle_us) {
  double weight = 0;
  double x = 0;
  double y = 0;
  for (const auto& group : groups) {
    const auto calls = static_cast<double>(group.calls);
    weight += calls;
    x += calls * fraction(group, saturation_idle_us);
    y += calls * static_cast<double>(group.p50_us);
  }
  if (weight == 0) return std::nullopt;
  double covariance = 0;
  double variance = 0;
  for (const auto& group : groups) {
    const auto calls = static_cast<double>(group.calls);
    const auto distance = fraction(group, saturation_idle_us) - x / weight;
    covariance += calls * distance * (static_cast<double>(group.p50_us) - y / weight);
    variance += calls * distance * distance;
  }
  if (variance <= 0) return std::nullopt;
  const auto increase = covariance / variance;
  return idle_response{y / weight - increase * x / weight, increase, saturation_idle_us};
}

std::optional<idle_response> fit_idle_response(const std::vector<observed_idle_group>& groups) {
  std::optional<idle_response> best;
  for (auto time_us = min_saturation_idle_us; time_us <= max_saturation_idle_us; time_us *= full_after_factor) {
    const auto fit = fit_idle_response(groups, time_us);
    if (!fit || fit->increase_us <= 0) continue;
    if (!best || squared_error(groups, *fit) < squared_error(groups, *best)) best = fit;
  }
  return best;
}

}  // namespace cohort::simulation::rehearsal

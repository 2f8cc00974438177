// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cohort/sim/plan/planned_fleet.hpp>

namespace cohort::sim {

/// The median and the range of several measurements of one quantity.
struct measured_range {
  double median = 0;
  double lowest = 0;
  double highest = 0;
};
/// `values` must not be empty.
measured_range range_of(std::vector<double> values);

enum class comparison_verdict : std::uint8_t { better, better_within_range, equal, worse_within_range, worse };

/// Compares two medians. The verdict is `equal` if the medians are equal. The verdict is `better` or `worse` if the
/// medians differ by more than the larger of the two ranges (`highest - lowest`), and otherwise `better_within_range`
/// or `worse_within_range`.
comparison_verdict compare(const measured_range& baseline, const measured_range& changed) noexcept;
/// `better`, `better, within noise`, `equal`, `worse, within noise` or `worse`.
std::string_view to_string(comparison_verdict verdict) noexcept;

/// The goodput of a scenario with the settings of the plan, and with changed settings.
struct scenario_comparison {
  std::string scenario;
  measured_range baseline;
  measured_range changed;
  /// The highest mean number of requests to an upstream per call of the callers, with the changed settings.
  double amplification = 0;
  comparison_verdict verdict = comparison_verdict::equal;
};

struct comparison_settings {
  /// Number of runs of each scenario and setting. Both settings use the same seeds.
  std::size_t runs = 5;
  std::size_t threads = 1;
  std::uint64_t seed = 1;
};

/// Simulates each scenario of the plan with its settings and with changed settings. The result does not depend on the
/// number of threads. Throws `std::invalid_argument` if a program rejects a setting.
std::vector<scenario_comparison> compare_settings(const plan& plan, const program_catalog& programs,
                                                  const setting_overrides& changed,
                                                  const comparison_settings& settings);

}  // namespace cohort::sim

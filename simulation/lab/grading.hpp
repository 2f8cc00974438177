// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "simulation/lab/lab.hpp"

namespace cohort::simulation::labs {

/// The fraction of the seeds that must meet a criterion.
inline constexpr double required_fraction = 0.95;

/// The values of one criterion.
struct criterion_grade {
  /// Sorted. A p99 is infinite if its rank is among failed calls.
  std::vector<double> values;
  std::size_t passed_seed_count = 0;

  /// The quantile of the values by the nearest-rank method; `probability` is from 0 to 1.
  double quantile(double probability) const;
  bool has_passed() const noexcept;
};

/// The data of the chart.
struct chart_data {
  /// The period of a column of the chart: one second, or longer for a long run.
  duration column{};
  /// The sorted goodput of the seeds, for each column.
  std::vector<std::vector<double>> goodput;
  /// The number of seeds in which an alert fires during a column, for each alert and column.
  std::map<std::string, std::vector<std::size_t>> firing;
  /// The calls of all seeds by the upper bound of the response time in milliseconds; the last bound is infinite.
  std::map<double, std::uint64_t> latency;
  std::uint64_t failed = 0;
  std::uint64_t calls = 0;
  /// The maximum duration of each deploy of the scenario, by service.
  std::map<std::string, duration> deploy_times;
};

struct grade {
  std::size_t seeds = 0;
  /// The grades in the order of `lab::criteria`.
  std::vector<criterion_grade> criteria;
  chart_data chart;

  bool has_passed() const noexcept;
};

/// Simulates the scenarios of a lab with the seeds 1 to `seeds`. The grade does not depend on `threads`. Throws
/// `std::invalid_argument` if a service rejects a setting.
grade grade_lab(const lab& exercise, std::size_t seeds, std::size_t threads);

}  // namespace cohort::simulation::labs

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "simulation/lab/grading.hpp"

namespace cohort::simulation::labs {

/// Describes a criterion: `goodput from 2 s to 8 s, scenario "no fault": at least 97.0 %`.
std::string describe(const criterion& target, const lab& exercise);

/// Describes the values of a criterion: the median, the range of 90 % of the seeds, and the number of seeds that met
/// the limit.
std::string describe(const criterion& target, const criterion_grade& grade);

/// A period of the run with a fault or a deploy.
struct chart_band {
  /// `fault` or `deploy`.
  const char* label;
  duration begin;
  duration end;
};

/// Returns the times of the faults and deploys in the scenario of the chart.
std::vector<chart_band> chart_bands(const lab& exercise, const chart_data& chart);

/// Returns a text with the criteria and their values, the chart, and the verdict with a hint.
std::string text_report(const lab& exercise, const grade& result);

/// Returns an HTML page with the same content.
std::string html_report(const lab& exercise, const grade& result, const std::string& command);

}  // namespace cohort::simulation::labs

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "simulation/rehearse/calibration.hpp"
#include "simulation/rehearse/comparison.hpp"

namespace cohort::simulation::rehearsal {

/// The results of a rehearsal.
struct rehearsal_result {
  std::string machine;
  calibration calibrated;
  std::vector<comparison> rates;
  std::vector<comparison> scenarios;
};

/// Describes the slowdown after idle times for both reports: an idle time, and the increase of the response time after
/// it.
std::string describe_slowdown(const idle_response& measured, const sim::idle_slowdown& simulated);

/// Tables for a terminal. Predictions outside the model's range of validity are marked with `~`.
std::string text_report(const rehearsal_result& result);

/// Returns an HTML page with charts, which works offline.
std::string html_report(const rehearsal_result& result, const std::string& command);

}  // namespace cohort::simulation::rehearsal

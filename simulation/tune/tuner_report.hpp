// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/sim/tuning/policy_tuner.hpp>

namespace cohort::simulation {

/// A table of the best choices, each with its settings. Values are marked with `~` if the plan has warnings, because
/// they are outside the model's range of validity.
std::string text_report(const sim::plan& plan, const sim::tuner_result& result, std::size_t rows = 8);

/// Returns an HTML page with the trade-off between goodput and amplification, and the table.
std::string html_report(const sim::plan& plan, const sim::tuner_result& result, const std::string& command);

}  // namespace cohort::simulation

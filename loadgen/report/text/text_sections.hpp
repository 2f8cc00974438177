// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loadgen/results/report.hpp"
#include "loadgen/terminal/page.hpp"

// The sections of the text report about outcomes, servers, the knee search and the baseline. A section without content
// is omitted.
namespace cohort::loadgen {

void write_outcomes(terminal::page& page, const run_report& report);
void write_servers(terminal::page& page, const run_report& report);
void write_knee(terminal::page& page, const run_report& report);
void write_baseline(terminal::page& page, const run_report& report);

}  // namespace cohort::loadgen

#pragma once

#include "loadgen/report.hpp"
#include "loadgen/terminal.hpp"

// The parts of the text report that lay this run beside something else: what its requests became, what the servers say,
// other rates, another run. Each writes nothing if there is nothing to say.
namespace cohort::loadgen {

void write_outcomes(terminal::page& to, const report& of);
void write_servers(terminal::page& to, const report& of);
void write_knee(terminal::page& to, const report& of);
void write_baseline(terminal::page& to, const report& of);

}  // namespace cohort::loadgen

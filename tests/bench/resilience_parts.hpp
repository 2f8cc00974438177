#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/clock.hpp"

namespace cohort::bench {

// Each part prints rows of the table as soon as it has them.
void measure_deadlines();
void measure_retries();
void measure_replicas();
void measure_overload();
void measure_hopeless();

void print_row(std::string_view part, std::string_view what, std::string_view measured);

/// Of durations, in any order; `fraction` 1 is the longest. `–` of none.
std::string quantile_text(std::vector<duration> of, double fraction);

/// A sample of Prometheus' text format: the one whose line begins with `series` and a space; zero if there is none.
double sample_of(std::string_view metrics, std::string_view series);

}  // namespace cohort::bench

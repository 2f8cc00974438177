#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan.hpp"

namespace cohort::loadgen {

/// A part of a free plan: `--stage 30s:200` goes in a straight line from the rate before to 200/s, `--stage
/// 30s:200:step` is at 200/s at once. The first begins at zero if it is a line.
struct stage_of_plan {
  duration length{};
  request_rate rate;
  bool is_step = false;
};

/// A named profile over `length` (`knee` is a search and no plan):
///  - balanced, constant: `rate` all the time;
///  - spike: `rate` for a quarter, 16 times that for half, `rate` for a quarter;
///  - burst: 16 × `rate` requests at once, every 10 s;
///  - heavy: 20 × `rate`;
///  - stress: a tenth of the time from nothing to 400 × `rate`, then that;
///  - ramp: from nothing to `rate`.
plan plan_of_mode(std::string_view mode, request_rate rate, duration length);

plan plan_of_stages(const std::vector<stage_of_plan>& stages);

/// For a closed loop: only a name and a length.
plan plan_without_rate(std::string name, duration length);

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/schedule/load_profile.hpp"

namespace cohort::loadgen {

/// A stage of `--stage`: `30s:200` is a linear ramp from the rate of the previous stage (initially zero) to 200/s,
/// `30s:200:step` is a constant 200/s.
struct load_stage {
  duration length{};
  request_rate rate;
  bool is_step = false;
};

/// The load profile of a named mode:
///  - balanced, constant: `rate`;
///  - spike: `rate` for a quarter of `length`, 16 × `rate` for half of it, `rate` for a quarter;
///  - burst: 16 × `rate` simultaneous requests, every 10 s;
///  - heavy: 20 × `rate`;
///  - stress: a ramp from zero to 400 × `rate` in a tenth of `length`, then 400 × `rate`;
///  - ramp: a ramp from zero to `rate`.
/// The mode `knee` is a search and has no profile.
load_profile profile_for_mode(std::string_view mode, request_rate rate, duration length);

/// The factor between `--rate` and the peak rate of a mode; for `burst`, between `--rate` and the size of a burst.
std::int64_t peak_factor(std::string_view mode) noexcept;

load_profile profile_for_stages(const std::vector<load_stage>& stages);

/// A profile of one phase without scheduled requests, for a closed loop.
load_profile closed_loop_profile(std::string phase_name, duration length);

}  // namespace cohort::loadgen

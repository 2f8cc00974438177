// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/load_modes.hpp"

#include <algorithm>

#include "loadgen/results/format.hpp"

namespace cohort::loadgen {
namespace {

constexpr duration burst_interval = std::chrono::seconds{10};
constexpr std::int64_t spike_factor = 16;
constexpr std::int64_t burst_factor = 16;
constexpr std::int64_t heavy_factor = 20;
constexpr std::int64_t stress_factor = 400;

load_profile spike_profile(request_rate rate, duration length) {
  load_profile profile;
  profile.begin_phase("before").add_constant(length / 4, rate);
  profile.begin_phase("spike").add_constant(length / 2, rate.multiplied_by(spike_factor));
  // Uses the remainder instead of a quarter, so that rounding does not shorten the profile.
  profile.begin_phase("after").add_constant(length - length / 4 - length / 2, rate);
  return profile;
}

load_profile burst_profile(request_rate rate, duration length) {
  load_profile profile;
  profile.begin_phase("bursts");
  const auto rounded = (rate.multiplied_by(burst_factor).millionths + 500'000) / 1'000'000;
  const auto burst_size = static_cast<std::uint64_t>(std::max<std::int64_t>(rounded, 1));
  for (duration start{}; start < length; start += burst_interval) {
    profile.add_burst(burst_size, std::min(burst_interval, length - start));
  }
  return profile;
}

load_profile stress_profile(request_rate rate, duration length) {
  const auto full_rate = rate.multiplied_by(stress_factor);
  load_profile profile;
  profile.begin_phase("ramp up").add_ramp(length / 10, {}, full_rate);
  profile.begin_phase("full load").add_constant(length - length / 10, full_rate);
  return profile;
}

std::string rate_label(request_rate rate) { return format_number(rate.per_second()) + "/s"; }

}  // namespace

std::int64_t peak_factor(std::string_view mode) noexcept {
  if (mode == "spike") return spike_factor;
  if (mode == "burst") return burst_factor;
  if (mode == "heavy") return heavy_factor;
  return mode == "stress" ? stress_factor : 1;
}

load_profile profile_for_mode(std::string_view mode, request_rate rate, duration length) {
  if (mode == "spike") return spike_profile(rate, length);
  if (mode == "burst") return burst_profile(rate, length);
  if (mode == "stress") return stress_profile(rate, length);
  load_profile profile;
  profile.begin_phase(std::string{mode});
  if (mode == "ramp") return std::move(profile.add_ramp(length, {}, rate));
  return std::move(profile.add_constant(length, rate.multiplied_by(peak_factor(mode))));
}

load_profile profile_for_stages(const std::vector<load_stage>& stages) {
  load_profile profile;
  request_rate previous_rate;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& stage = stages[i];
    const auto start_rate = stage.is_step ? stage.rate : previous_rate;
    const auto label =
        start_rate == stage.rate ? rate_label(stage.rate) : rate_label(start_rate) + " to " + rate_label(stage.rate);
    profile.begin_phase(std::to_string(i + 1) + ": " + label).add_ramp(stage.length, start_rate, stage.rate);
    previous_rate = stage.rate;
  }
  return profile;
}

load_profile closed_loop_profile(std::string phase_name, duration length) {
  load_profile profile;
  profile.begin_phase(std::move(phase_name)).add_constant(length, {});
  return profile;
}

}  // namespace cohort::loadgen

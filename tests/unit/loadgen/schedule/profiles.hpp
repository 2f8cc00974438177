// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "loadgen/schedule/arrival_sequence.hpp"

namespace cohort::loadgen {

inline request_rate requests_per_second(std::int64_t requests) { return request_rate::per_second(requests); }

inline load_profile constant_profile(duration length, request_rate rate) {
  load_profile profile;
  profile.begin_phase("only").add_constant(length, rate);
  return profile;
}

inline std::vector<duration> start_times(const load_profile& profile) {
  std::vector<duration> times;
  for (std::uint64_t i = 0; i < profile.request_count(); ++i) times.push_back(profile.start_time_of(i));
  return times;
}

inline std::vector<arrival> collect(arrival_sequence sequence) {
  std::vector<arrival> arrivals;
  while (const auto next = sequence.next()) arrivals.push_back(*next);
  return arrivals;
}

inline std::vector<duration> offsets_of(const std::vector<arrival>& arrivals) {
  std::vector<duration> offsets;
  for (const auto& arrival : arrivals) offsets.push_back(arrival.offset);
  return offsets;
}

/// Returns a random profile of up to five segments of up to two seconds and 5000 requests/s, in some phases.
inline load_profile random_profile(std::mt19937_64& random) {
  load_profile profile;
  const auto rate = [&] { return request_rate{static_cast<std::int64_t>(random() % 5'000'000'000)}; };
  const auto rate_or_zero = [&] { return random() % 3 == 0 ? request_rate{} : rate(); };
  const auto length = [&] { return duration{static_cast<std::int64_t>(random() % 2'000'000'000)}; };
  for (auto count = 2 + random() % 4; count > 0; --count) {
    if (profile.phases().empty() || random() % 2 == 0) profile.begin_phase("phase " + std::to_string(count));
    switch (random() % 4) {
      case 0: profile.add_burst(random() % 500, length()); break;
      case 1: profile.add_constant(length(), rate_or_zero()); break;
      case 2: profile.add_ramp(length(), {}, rate()); break;
      default: profile.add_ramp(length(), rate(), rate_or_zero());
    }
  }
  return profile;
}

}  // namespace cohort::loadgen

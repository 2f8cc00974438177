// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::loadgen {

/// A rate in millionths of a request per second. The rate is an integer, so that areas under a load profile are exact.
struct request_rate {
  std::int64_t millionths = 0;

  static constexpr request_rate per_second(std::int64_t requests) noexcept { return {requests * 1'000'000}; }
  constexpr double per_second() const noexcept { return static_cast<double>(millionths) / 1e6; }
  constexpr request_rate multiplied_by(std::int64_t factor) const noexcept { return {millionths * factor}; }
  friend constexpr auto operator<=>(request_rate, request_rate) noexcept = default;
};

/// The request rate over time of an open-loop run: piecewise linear, plus bursts of requests that start together.
///
/// Request `i` (from zero) starts at the first nanosecond at which the area under the rate exceeds `i`. At a constant
/// rate r this is `i / r`; no request starts during a pause or at the end of the profile. The start time is computed
/// from `i` in integer arithmetic, so it does not drift, regardless of the length of the run.
class load_profile {
 public:
  /// A part of the profile that reports show separately.
  struct phase {
    std::string name;
    duration start{};
    duration length{};
  };

  /// Starts a phase; segments added later belong to it. Must be called before the `add_` functions.
  load_profile& begin_phase(std::string name);
  /// Changes the rate linearly. Precondition: no argument is negative.
  load_profile& add_ramp(duration length, request_rate start_rate, request_rate end_rate);
  load_profile& add_constant(duration length, request_rate rate) { return add_ramp(length, rate, rate); }
  /// Starts `requests` requests simultaneously, followed by a pause for the rest of `length`.
  load_profile& add_burst(std::uint64_t requests, duration length);

  const std::vector<phase>& phases() const noexcept { return phases_; }
  duration length() const noexcept { return length_; }
  /// The number of requests that start before the end of the profile.
  std::uint64_t request_count() const noexcept;
  /// The number of requests that start in [0, offset).
  std::uint64_t request_count_before(duration offset) const noexcept;
  /// The start time of a request, as an offset from the start of the run. Precondition: `index < request_count()`.
  duration start_time_of(std::uint64_t index) const noexcept;
  /// The rate at `offset`; zero in burst segments and outside the profile.
  request_rate rate_at(duration offset) const noexcept;
  /// The index of the phase at `offset`: the later phase at a boundary; clamped to the first or last phase outside the
  /// profile.
  std::size_t phase_at(duration offset) const noexcept;

 private:
  friend class arrival_sequence;
  /// Millionths of a request per second × nanoseconds, doubled so that the area of a triangle is also an integer.
  __extension__ using area = __int128;
  static constexpr area area_per_request = 2'000'000'000'000'000;
  struct segment {
    duration start{};
    duration length{};
    request_rate start_rate;
    request_rate end_rate;
    std::uint64_t burst_size = 0;
    std::size_t phase = 0;
    area area_before{};

    /// The area within the segment up to `elapsed`, rounded down.
    area area_at(duration elapsed) const noexcept;
    /// The inverse of `area_at`: the first nanosecond at which the area is at least `target`. Precondition: `target`
    /// is less than the area of the segment.
    duration offset_of(area target) const noexcept;
  };
  load_profile& add(segment new_segment, area segment_area);
  area area_after(std::size_t segment_index) const noexcept;
  /// The index of the last segment that starts at or before `offset`, or 0.
  std::size_t segment_at(duration offset) const noexcept;

  std::vector<phase> phases_;
  std::vector<segment> segments_;
  duration length_{};
  area total_area_{};
};

}  // namespace cohort::loadgen

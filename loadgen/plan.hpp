#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/clock.hpp"

namespace cohort::loadgen {

/// Requests per second, in whole millionths: so areas under it are exact integers.
struct request_rate {
  std::int64_t millionths = 0;

  static constexpr request_rate per_second(std::int64_t requests) noexcept { return {requests * 1'000'000}; }
  constexpr double per_second() const noexcept { return static_cast<double>(millionths) / 1e6; }
  constexpr request_rate times(std::int64_t factor) const noexcept { return {millionths * factor}; }
  friend constexpr auto operator<=>(request_rate, request_rate) noexcept = default;
};

/// When requests are meant to start: a rate over time, made of straight lines, and of requests that start at once.
///
/// Request number i (from zero) starts at the moment from which on the area under the rate is more than i, rounded up
/// to a whole nanosecond. So at a constant rate r it starts at i / r; none starts during a pause, but when the pause is
/// over; and none at the very end. That is computed from i itself, in integers, so that nothing drifts however long a
/// run is.
class plan {
 public:
  /// What a report tells apart.
  struct phase {
    std::string name;
    duration start{};
    duration length{};
  };

  /// What is added from now on belongs to this phase. There must be one before anything else.
  plan& begin_phase(std::string name);
  /// The rate goes from one to the other in a straight line. Neither rates nor lengths may be negative.
  plan& add_line(duration length, request_rate from, request_rate to);
  plan& add_constant(duration length, request_rate rate) { return add_line(length, rate, rate); }
  /// So many requests at one moment, then nothing for `length`.
  plan& add_burst(std::uint64_t requests, duration length);

  const std::vector<phase>& phases() const noexcept { return phases_; }
  duration length() const noexcept { return length_; }
  /// All that are meant to start before the end.
  std::uint64_t requests() const noexcept;
  /// How many are meant to start in [0, moment).
  std::uint64_t requests_before(duration moment) const noexcept;
  /// `index` is less than `requests()`.
  duration start_of(std::uint64_t index) const noexcept;
  /// Zero during a burst and what follows it, and outside of the plan.
  request_rate rate_at(duration moment) const noexcept;
  /// At the moment at which one ends and another begins, the latter; the nearest, outside of the plan.
  std::size_t phase_at(duration moment) const noexcept;

 private:
  friend class arrivals;
  /// 1 request is 2·10^15: millionths a second × nanoseconds, doubled so that a triangle's is whole, too.
  __extension__ using area = __int128;
  static constexpr area one_request = 2'000'000'000'000'000;
  struct segment {
    duration start{};
    duration length{};
    request_rate from;
    request_rate to;
    std::uint64_t burst = 0;
    std::size_t phase = 0;
    area area_before{};

    /// Up to so long after its start, rounded down.
    area area_within(duration since) const noexcept;
    /// How long after its start a request starts that has this much of its area before it, which is less than all.
    duration offset_of(area within) const noexcept;
  };
  plan& add(segment next, area all);
  area area_after(std::size_t segment_index) const noexcept;
  /// The last that begins no later; the first where there is none.
  std::size_t segment_at(duration moment) const noexcept;

  std::vector<phase> phases_;
  std::vector<segment> segments_;
  duration length_{};
  area total_{};
};

/// How the starts are spread within the plan.
enum class arrival_kind {
  constant,  // request i exactly when the plan's area is i
  poisson,   // the plan's area between two is exponentially distributed with mean 1, as with callers who know nothing
             // of each other
};

struct arrival {
  std::uint64_t index = 0;
  duration at{};  // after the start of the run
  std::size_t phase = 0;
};

/// The plan's requests in order; for one of several workers every `stride`-th from `first` on. The same seed gives the
/// same starts on every machine, whatever the number of workers. The plan must outlive it.
///
/// A burst is one with `poisson`, too: only what has a rate is spread. Then the number of requests is random, and the
/// plan's is what to expect.
class arrivals {
 public:
  arrivals(const plan& of, arrival_kind kind, std::uint64_t seed, std::uint64_t first = 0, std::uint64_t stride = 1);

  /// Nothing once the plan is through.
  std::optional<arrival> next();

 private:
  std::optional<duration> next_constant();
  std::optional<duration> next_random();
  plan::area exponential();

  const plan& plan_;
  arrival_kind kind_;
  std::uint64_t stride_;
  std::uint64_t index_;
  std::uint64_t drawn_ = 0;  // all random ones so far, of all workers
  std::size_t segment_ = 0;
  std::uint64_t of_burst_ = 0;  // how many of the segment's burst were given
  plan::area area_{};           // at which the next random one starts
  std::mt19937_64 random_;
};

}  // namespace cohort::loadgen

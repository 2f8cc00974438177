// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "loadgen/schedule/load_profile.hpp"

namespace cohort::loadgen {

/// The arrival process: the distribution of arrivals over a load profile.
enum class arrival_process {
  constant,  // request i starts when the area under the rate is i
  poisson,   // the area between two arrivals is exponentially distributed with mean 1, as with independent callers
};

struct arrival {
  std::uint64_t index = 0;
  /// Time since the start of the run.
  duration offset{};
  std::size_t phase = 0;
};

/// The arrivals of a load profile, in order: every `stride`-th arrival from `first` on, for one of several workers. The
/// same seed produces the same arrivals on every machine, with any number of workers. The profile must outlive the
/// sequence.
///
/// `poisson` does not change bursts: only the arrivals of segments with a rate are random. The number of requests is
/// then random, and `load_profile::request_count` is its expectation.
class arrival_sequence {
 public:
  arrival_sequence(const load_profile& profile, arrival_process process, std::uint64_t seed, std::uint64_t first = 0,
                   std::uint64_t stride = 1);

  /// The next arrival; empty after the end of the profile.
  std::optional<arrival> next();

 private:
  std::optional<duration> next_constant();
  std::optional<duration> next_poisson();
  load_profile::area exponential_area();

  const load_profile& profile_;
  arrival_process process_;
  std::uint64_t stride_;
  std::uint64_t index_;
  std::uint64_t poisson_count_ = 0;  // arrivals of all workers so far
  std::size_t segment_ = 0;
  std::uint64_t burst_position_ = 0;   // within the burst of the current segment
  load_profile::area poisson_area_{};  // area under the rate curve at the next random arrival
  std::mt19937_64 random_;
};

}  // namespace cohort::loadgen

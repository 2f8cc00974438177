// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>
#include <cstdint>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// Pseudorandom number generator for jitter, load balancing and IDs. Each loop has a generator. `virtual_time` seeds
/// the generator, so that runs are reproducible. Must not be used for secrets. Not thread-safe. Algorithm: SplitMix64
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
class random_generator {
 public:
  explicit constexpr random_generator(std::uint64_t seed) noexcept : state_(seed) {}

  /// A number from the uniform distribution over all 64-bit values.
  constexpr std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }
  /// A number from the uniform distribution over [0, 1).
  constexpr double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  /// A number from the exponential distribution with mean 1. Divided by a rate, it is the time between two events of a
  /// Poisson process.
  double exponential() noexcept { return -std::log1p(-uniform()); }
  /// A number from the uniform distribution over [0, bound), with a bias of at most bound / 2^64. `bound` must not be
  /// zero.
  constexpr std::uint64_t uniform_below(std::uint64_t bound) noexcept { return next() % bound; }
  /// True with the given probability: never for 0, always for 1.
  constexpr bool bernoulli(double probability) noexcept { return uniform() < probability; }
  /// A duration from the uniform distribution over [min, max]. `min` must not be greater than `max`.
  constexpr duration uniform_between(duration min, duration max) noexcept {
    return min + duration{static_cast<duration::rep>(uniform() * static_cast<double>((max - min).count() + 1))};
  }

 private:
  std::uint64_t state_;
};

/// A nondeterministic seed from the operating system (`std::random_device`). Throws the exception of
/// `std::random_device` if the system has no entropy source.
std::uint64_t system_seed();

}  // namespace cohort

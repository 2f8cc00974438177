#pragma once

#include <cstdint>

#include "core/runtime/clock.hpp"

namespace cohort {

/// Where all chance comes from: jitter, the choice between addresses, ids. Each loop has one; `virtual_time` seeds it,
/// so that a run can be had again. Not for secrets. (splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014.)
class random_source {
 public:
  explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }
  /// In [0, 1).
  constexpr double unit() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  /// In [0, bound), which is not zero.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  constexpr bool chance(double probability) noexcept { return unit() < probability; }
  /// In [least, most].
  constexpr duration between(duration least, duration most) noexcept {
    return least + duration{static_cast<duration::rep>(unit() * static_cast<double>((most - least).count() + 1))};
  }

 private:
  std::uint64_t state_;
};

/// A seed that no two processes share, from the system.
std::uint64_t system_seed();

}  // namespace cohort

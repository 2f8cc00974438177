// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/random.hpp>
#include <cohort/runtime/time/clock.hpp>
#include <cohort/sim/cpu/distribution.hpp>

namespace cohort::sim {

/// Pauses of a core, during which a hypervisor or other programs use it. The pauses start at the times of a Poisson
/// process.
struct core_pauses {
  /// The rate of the pauses of one core; 0 means no pauses.
  double per_second = 0;
  distribution length;

  bool any() const noexcept { return per_second > 0; }
};

/// The pauses of one core.
class pause_sequence {
 public:
  /// The first pause starts after `start`.
  pause_sequence(core_pauses pauses, std::uint64_t seed, time_point start);

  /// Returns the time at which the core becomes idle if its work would end at `busy_until` without further pauses;
  /// pauses that have started before `now` are added. Precondition: `now` ascends from call to call, and `busy_until`
  /// is the result of the last call unless the core has worked since then.
  time_point apply_pauses(time_point now, time_point busy_until);

 private:
  void draw_next(time_point previous);

  core_pauses pauses_;
  random_generator random_;
  time_point next_;
};

}  // namespace cohort::sim

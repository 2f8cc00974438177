// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/cpu/core_pauses.hpp>

#include <algorithm>
#include <utility>

namespace cohort::sim {

pause_sequence::pause_sequence(core_pauses pauses, std::uint64_t seed, time_point start)
    : pauses_(std::move(pauses)), random_(seed) {
  draw_next(start);
}

void pause_sequence::draw_next(time_point previous) {
  if (!pauses_.any()) {
    next_ = time_point::max();
    return;
  }
  const double seconds = random_.exponential() / pauses_.per_second;
  next_ = previous + duration{static_cast<duration::rep>(seconds * 1e9)};
}

time_point pause_sequence::apply_pauses(time_point now, time_point busy_until) {
  while (next_ <= now) {
    // A pause also suspends the work in progress.
    busy_until = std::max(busy_until, next_) + pauses_.length.draw(random_);
    draw_next(next_);
  }
  return busy_until;
}

}  // namespace cohort::sim

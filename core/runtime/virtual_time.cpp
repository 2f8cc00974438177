#include "core/runtime/virtual_time.hpp"

namespace cohort {

virtual_time::virtual_time(std::uint64_t seed, wall_time start) : loop_(clock_, 0, seed) {
  clock_.wall_offset = start.time_since_epoch() - clock_.current.time_since_epoch();
}

bool virtual_time::step_to_next_timer(time_point limit) {
  const auto due = loop_.timers().next_due();
  if (!due || *due > limit) return false;
  clock_.current = std::max(clock_.current, *due);
  // Through the queue, so that what the timers call runs on the loop like everything else.
  asio::post(loop_.get_executor(), [this] { loop_.timers().advance(clock_.current); });
  return true;
}

bool virtual_time::run_until(const std::function<bool()>& ended) {
  do {
    while (loop_.poll() > 0) {
    }
    if (ended()) return true;
  } while (step_to_next_timer(time_point::max()));
  return false;
}

void virtual_time::run_for(duration span) {
  const auto limit = clock_.current + span;
  do {
    while (loop_.poll() > 0) {
    }
  } while (step_to_next_timer(limit));
  clock_.current = limit;
}

void virtual_time::run_until_idle() {
  do {
    while (loop_.poll() > 0) {
    }
  } while (step_to_next_timer(time_point::max()));
}

}  // namespace cohort

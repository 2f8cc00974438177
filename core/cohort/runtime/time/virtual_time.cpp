// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/virtual_time.hpp>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <stdexcept>

namespace cohort {

virtual_time::virtual_time(std::uint64_t seed, wall_time start) : loop_(clock_, 0, seed) {
  clock_.wall_offset = start.time_since_epoch() - clock_.current.time_since_epoch();
}

void virtual_time::run_to_end(const std::function<void(std::function<void()> on_done)>& start,
                              asio::cancellation_signal& cancel_signal) {
  bool has_ended = false;
  asio::post(loop_.get_executor(), [&] { start([&has_ended] { has_ended = true; }); });
  if (run_until([&] { return has_ended; })) return;
  // The task refers to the caller's locals and must end before this function returns.
  asio::post(loop_.get_executor(), [&] { detail::cancel(cancel_signal); });
  run_until([&] { return has_ended; });
  throw std::logic_error("deadlock: the task waits, but no handler is ready and no timer is armed");
}

void virtual_time::run_ready() {
  do {
    while (loop_.poll() > 0) {
    }
  } while (scheduler_ && scheduler_->run_ready());
}

bool virtual_time::step_to_next_timer(time_point limit) {
  const auto loop_wakeup = loop_.timers().next_wakeup().value_or(time_point::max());
  const auto next = scheduler_ ? std::min(loop_wakeup, scheduler_->next_wakeup()) : loop_wakeup;
  if (next == time_point::max() || next > limit) return false;
  clock_.current = std::max(clock_.current, next);
  if (loop_wakeup > clock_.current) return true;
  // Posts the call, so that timer callbacks run on the loop like all other handlers.
  asio::post(loop_.get_executor(), [this] { loop_.timers().advance(clock_.current); });
  return true;
}

bool virtual_time::run_until(const std::function<bool()>& condition) {
  do {
    run_ready();
    if (condition()) return true;
  } while (step_to_next_timer(time_point::max()));
  return false;
}

void virtual_time::run_for(duration span) {
  const auto end = clock_.current + span;
  do {
    run_ready();
  } while (step_to_next_timer(end));
  clock_.current = end;
}

void virtual_time::run_until_idle() {
  run_until([] { return false; });
}

}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop_lag_monitor.hpp>

#include <boost/asio/post.hpp>

#include <cohort/runtime/loop.hpp>

namespace cohort {

void loop_lag_monitor::iteration_state::begin(time_point now) noexcept {
  lagging = lagging && now - ended <= threshold;
  start_time = now;
  running = true;
}

void loop_lag_monitor::iteration_state::end(time_point now) noexcept {
  const bool exceeds_threshold = now - start_time > threshold;
  if (exceeds_threshold && !lagging) lagging_since = start_time;
  lagging = exceeds_threshold;
  ended = now;
  running = false;
}

loop_lag_monitor::loop_lag_monitor(loop& loop, duration threshold)
    : loop_(loop), state_(std::make_shared<iteration_state>(iteration_state{.threshold = threshold})) {}

duration loop_lag_monitor::current_lag() {
  const auto now = loop_.now();
  if (!state_->running) {
    state_->begin(now);
    asio::post(loop_.get_executor(), [state = state_, &clock = loop_.time_source()] { state->end(clock.now()); });
  }
  return now - state_->start_time;
}

duration loop_lag_monitor::lagging_duration() const noexcept {
  return state_->lagging ? loop_.now() - state_->lagging_since : duration::zero();
}

}  // namespace cohort

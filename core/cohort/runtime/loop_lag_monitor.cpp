// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop_lag_monitor.hpp>

#include <boost/asio/post.hpp>
#include <cstddef>
#include <utility>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>
#include <cohort/runtime/time/timer_descriptor.hpp>

namespace cohort {
namespace {

/// The marker is an event in the kernel after an iteration of at least this time. Asio takes at most 128 events from
/// the kernel at a time, whose handlers take longer.
constexpr duration min_marked_iteration_duration = std::chrono::milliseconds{1};

}  // namespace

void loop_lag_monitor::iteration_state::begin(time_point now) noexcept {
  is_lagging = is_lagging && now - end_time <= threshold;
  start_time = now;
  is_running = true;
}

void loop_lag_monitor::iteration_state::end(time_point now) noexcept {
  const bool exceeds_threshold = now - start_time > threshold;
  if (exceeds_threshold && !is_lagging) lag_start_time = start_time;
  is_lagging = exceeds_threshold;
  end_time = now;
  is_running = false;
}

loop_lag_monitor::loop_lag_monitor(loop& loop, duration threshold)
    : loop_(loop), state_(std::make_shared<iteration_state>(iteration_state{.threshold = threshold})) {
  if (!loop_.time_source().is_real_time()) return;
  kernel_marker_ = std::make_unique<detail::timer_descriptor>(loop_.context());
  // The first wait completes without an event; each later wait completes with an event of the timer.
  kernel_marker_->async_wait(recycling_allocator<std::byte>{}, [](error_code, std::size_t) {});
}

loop_lag_monitor::~loop_lag_monitor() = default;

duration loop_lag_monitor::current_lag() {
  const auto now = loop_.now();
  if (!state_->is_running) {
    const auto last_iteration_duration = state_->end_time - state_->start_time;
    state_->begin(now);
    set_marker(last_iteration_duration, now);
  }
  return now - state_->start_time;
}

void loop_lag_monitor::set_marker(duration last_iteration_duration, time_point now) {
  auto end_iteration = [state = state_, &clock = loop_.time_source()] { state->end(clock.now()); };
  if (!kernel_marker_ || last_iteration_duration < min_marked_iteration_duration) {
    asio::post(loop_.get_executor(), std::move(end_iteration));
    return;
  }
  auto on_event = [end_iteration = std::move(end_iteration)](error_code, std::size_t) { end_iteration(); };
  kernel_marker_->async_wait(recycling_allocator<std::byte>{}, std::move(on_event));
  kernel_marker_->set(now);
}

duration loop_lag_monitor::lagging_duration() const noexcept {
  return state_->is_lagging ? loop_.now() - state_->lag_start_time : duration::zero();
}

}  // namespace cohort

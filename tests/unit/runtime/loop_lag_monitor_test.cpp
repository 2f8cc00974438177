// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop_lag_monitor.hpp>

#include <sys/eventfd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <memory>
#include <vector>

#include <cohort/runtime/loop.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

/// A clock that tests set, to simulate handlers that take time.
struct manual_clock final : clock {
  time_point now() const noexcept override { return current; }
  wall_time wall_now() const noexcept override { return {}; }
  bool is_real_time() const noexcept override { return false; }
  time_point current{1h};
};

/// Like `manual_clock`, for a loop that waits for the kernel. All times of the clock are in the past, so timers expire
/// immediately.
struct kernel_clock final : clock {
  time_point now() const noexcept override { return current; }
  wall_time wall_now() const noexcept override { return {}; }
  bool is_real_time() const noexcept override { return true; }
  time_point current{1ms};
};

TEST_CASE("loop_lag_monitor: the lag is the time since the start of the iteration", "[runtime][loop]") {
  manual_clock time;
  loop event_loop{time, 0, 1};
  loop_lag_monitor monitor{event_loop};
  std::vector<duration> lags;
  const auto handler = [&] {
    lags.push_back(monitor.current_lag());
    time.current += 5ms;
  };
  for (int i = 0; i < 3; ++i) asio::post(event_loop.get_executor(), handler);
  event_loop.poll();
  CHECK(lags == std::vector<duration>{0ms, 5ms, 10ms});

  time.current += 1s;
  asio::post(event_loop.get_executor(), handler);
  event_loop.poll();
  CHECK(lags.back() == 0ms);
}

TEST_CASE("loop_lag_monitor: the loop lags from the first long iteration until a short iteration or a long pause",
          "[runtime][loop]") {
  manual_clock time;
  loop event_loop{time, 0, 1};
  loop_lag_monitor monitor{event_loop, 10ms};
  duration lag_duration{};
  /// Runs an iteration of `length` after `pause`. Returns the lagging duration at the start of the iteration.
  const auto iteration = [&](duration pause, duration length) {
    time.current += pause;
    asio::post(event_loop.get_executor(), [&, length] {
      monitor.current_lag();
      lag_duration = monitor.lagging_duration();
      time.current += length;
    });
    event_loop.poll();
    return lag_duration;
  };
  CHECK(iteration(0ms, 11ms) == 0ms);
  CHECK(iteration(1ms, 11ms) == 12ms);
  CHECK(iteration(10ms, 11ms) == 33ms);
  SECTION("a short iteration ends the lag") {
    CHECK(iteration(1ms, 10ms) == 45ms);
    CHECK(iteration(1ms, 11ms) == 0ms);
    CHECK(iteration(1ms, 11ms) == 12ms);
  }
  SECTION("a long pause ends the lag") {
    CHECK(iteration(11ms, 11ms) == 0ms);
    CHECK(iteration(1ms, 11ms) == 12ms);
  }
}

TEST_CASE("loop_lag_monitor: the lag includes the time that ready descriptors wait in the kernel", "[runtime][loop]") {
  // Asio receives up to 128 events from the kernel at a time.
  constexpr int count = 500;
  kernel_clock time;
  loop event_loop{time, 0, 1};
  loop_lag_monitor monitor{event_loop};
  duration max_lag{};
  int pending_count = count;
  const auto handle = [&](error_code) {
    max_lag = std::max(max_lag, monitor.current_lag());
    time.current += 100us;
    --pending_count;
  };
  std::deque<asio::posix::stream_descriptor> descriptors;
  for (int i = 0; i < count; ++i) {
    auto& added = descriptors.emplace_back(event_loop.context(), ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    added.async_wait(asio::posix::stream_descriptor::wait_read, handle);
  }
  while (pending_count > 0) event_loop.poll();
  // The lag is measured from the first handler of the second batch of 128 events.
  CHECK(max_lag >= 30ms);
  CHECK(monitor.lagging_duration() > 0ms);
}

TEST_CASE("loop_lag_monitor: the marker can run after the monitor is destroyed", "[runtime][loop]") {
  manual_clock time;
  loop event_loop{time, 0, 1};
  auto monitor = std::make_unique<loop_lag_monitor>(event_loop);
  asio::post(event_loop.get_executor(), [&] {
    monitor->current_lag();
    monitor.reset();
  });
  CHECK(event_loop.poll() == 2);
}

}  // namespace
}  // namespace cohort

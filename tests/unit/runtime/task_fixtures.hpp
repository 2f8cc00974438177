// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/testing/spawned_task.hpp>

// Sample tasks for tests.
namespace cohort::test {

using namespace std::chrono_literals;

using log_lines = std::vector<std::string>;

/// The resolution of the timer wheel: a timer expires at most one tick after its expiry.
constexpr duration tick{1 << 14};

/// Returns the deadline in `span` from now on the current loop.
inline deadline deadline_in(duration span) { return deadline::after(loop::current().now(), span); }

inline task<int> return_now(int value) { co_return value; }

inline task<int> return_after(duration span, int value) {
  co_await sleep_for(span);
  co_return value;
}

inline task<> sleep_task(duration span) { co_await sleep_for(span); }

inline task<> set_event(event& awaited) {
  awaited.set();
  co_return;
}

inline task<> log_after(duration span, log_lines& log, std::string line) {
  co_await sleep_for(span);
  log.push_back(std::move(line));
}

inline task<int> throw_after(duration span, std::string message) {
  co_await sleep_for(span);
  throw std::runtime_error(message);
}

inline task<int> throw_now(std::string message) {
  throw std::runtime_error(message);
  co_return 0;
}

/// Sleeps and logs how the sleep ended: "<name> slept" or "<name> cancelled".
inline task<int> log_sleep(duration span, log_lines& log, std::string name) {
  const auto status = co_await sleep_for(span);
  log.push_back(name + (status == wait_status::cancelled ? " cancelled" : " slept"));
  co_return 0;
}

/// Sleeps for `span` even if the task is cancelled, and then logs the end of the sleep.
inline task<int> ignore_cancellation(duration span, int value, log_lines& log) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto end = deadline::after(loop::current().now(), span);
  while (co_await sleep_until(end) != wait_status::timed_out) {
  }
  log.push_back("ended despite cancellation");
  co_return value;
}

using testing::spawned_task;

}  // namespace cohort::test

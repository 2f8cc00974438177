// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/cross_thread/cross_thread_rate_limiter.hpp>

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include "tests/unit/runtime/synchronization/run_on_loops.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

using starts = std::vector<std::pair<int, duration>>;

/// Acquires at `start`, and records the time of the success.
task<> start_operation(cross_thread_rate_limiter& limiter, int id, duration start, duration timeout, starts& started) {
  if (start > 0s) co_await sleep_for(start);
  const auto begin = loop::current().now() - start;
  const auto outcome = co_await limiter.acquire(deadline_in(timeout));
  if (outcome) {
    started.emplace_back(id, loop::current().now() - begin);
  } else {
    CHECK(outcome.error() == asio::error::timed_out);
    CHECK(loop::current().now() - begin - start < timeout + 2 * tick);
  }
}

TEST_CASE("cross_thread_rate_limiter: operations start in order of arrival, at most the limit in any interval",
          "[runtime][sync]") {
  virtual_time time;
  cross_thread_rate_limiter limiter{2, 1s};
  starts started;
  std::vector<task<>> callers;
  callers.reserve(7);
  for (int id = 0; id < 7; ++id) callers.push_back(start_operation(limiter, id, id * 100ms, 1h, started));
  time.run(when_all(std::move(callers)));
  REQUIRE(started.size() == 7);
  for (int id = 0; id < 7; ++id) {
    const auto& [started_id, after] = started[static_cast<std::size_t>(id)];
    CHECK(started_id == id);
    const auto expected = id / 2 * 1s + id % 2 * 100ms;
    CHECK(after >= expected - 2 * tick);
    CHECK(after < expected + 4 * tick);
  }
}

TEST_CASE("cross_thread_rate_limiter: a wait that times out at its deadline is not counted", "[runtime][sync]") {
  virtual_time time;
  cross_thread_rate_limiter limiter{2, 1s};
  starts started;
  time.run(when_all(start_operation(limiter, 0, 0ms, 1h, started), start_operation(limiter, 1, 0ms, 1h, started),
                    start_operation(limiter, 2, 10ms, 500ms, started), start_operation(limiter, 3, 20ms, 1h, started),
                    start_operation(limiter, 4, 30ms, 100ms, started)));
  REQUIRE(started.size() == 3);
  CHECK(started[2].first == 3);
  CHECK(started[2].second < 1010ms);
}

TEST_CASE("cross_thread_rate_limiter: a cancelled wait is not counted", "[runtime][sync]") {
  virtual_time time;
  cross_thread_rate_limiter limiter{1, 1s};
  starts started;
  time.run(start_operation(limiter, 0, 0ms, 1h, started));
  spawned_task<result<void>> cancelled_task{time, limiter.acquire(deadline::never())};
  spawned_task<> next{time, start_operation(limiter, 1, 0ms, 1h, started)};
  cancelled_task.cancel();
  CHECK(cancelled_task.ended());
  time.run_for(990ms);
  CHECK_FALSE(next.ended());
  time.run_for(20ms);
  CHECK(next.ended());
}

task<> try_acquire_at(cross_thread_rate_limiter& limiter, deadline start, bool* is_started) {
  co_await sleep_until(start);
  *is_started = limiter.try_acquire();
}

TEST_CASE("cross_thread_rate_limiter: no operation overtakes a coroutine that waits", "[runtime][sync]") {
  virtual_time time;
  cross_thread_rate_limiter limiter{1, 1s};
  const auto begin = time.now();
  starts started;
  time.run(start_operation(limiter, 0, 0ms, 1h, started));
  bool is_started = true;
  // The timer of `try_acquire_at` expires immediately before the timer of the waiting coroutine.
  time.run(when_all(try_acquire_at(limiter, deadline{begin + 1s}, &is_started),
                    start_operation(limiter, 1, 0ms, 1h, started)));
  CHECK_FALSE(is_started);
  CHECK(started.size() == 2);
}

task<> start_repeatedly(cross_thread_rate_limiter& limiter, int count) {
  for (int i = 0; i < count; ++i) {
    const auto outcome = co_await limiter.acquire(deadline_in(30s));
    if (!outcome) throw std::runtime_error(outcome.error().message());
  }
}

TEST_CASE("cross_thread_rate_limiter: the loops share the limit", "[runtime][sync][threads]") {
  cross_thread_rate_limiter limiter{5, 2ms};
  const auto begin = real_clock().now();
  run_on_loops(4, [&](std::size_t) { return start_repeatedly(limiter, 15); });
  // The 60 operations start in groups of 5.
  CHECK(real_clock().now() - begin >= 11 * 2ms);
}

task<bool> acquire_start(cross_thread_rate_limiter& limiter, duration limit) {
  const auto outcome = co_await limiter.acquire(deadline_in(limit));
  co_return outcome.has_value();
}
task<> acquire_with_interruptions(cross_thread_rate_limiter& limiter, int rounds) {
  auto& random = loop::current().random();
  for (int i = 0; i < rounds; ++i) {
    co_await acquire_start(limiter, std::chrono::microseconds{random.uniform_below(40)});
    co_await race(acquire_start(limiter, 1s), sleep_task(std::chrono::microseconds{random.uniform_below(40)}));
  }
}

TEST_CASE("cross_thread_rate_limiter: admits further operations after waits that end at any time",
          "[runtime][sync][threads]") {
  cross_thread_rate_limiter limiter{1, 20us};
  run_on_loops(4, [&](std::size_t) { return acquire_with_interruptions(limiter, 200); });
  run_on_loops(1, [&](std::size_t) { return start_repeatedly(limiter, 2); });
}

TEST_CASE("cross_thread_rate_limiter: a thread without a loop acquires without a wait", "[runtime][sync][threads]") {
  cross_thread_rate_limiter limiter{1, 1h};
  bool is_first_acquired = false;
  bool is_second_acquired = true;
  std::jthread{[&] {
    is_first_acquired = limiter.try_acquire();
    is_second_acquired = limiter.try_acquire();
  }}.join();
  CHECK(is_first_acquired);
  CHECK_FALSE(is_second_acquired);
}

TEST_CASE("cross_thread_rate_limiter: a limit or an interval that is not positive is rejected", "[runtime][sync]") {
  CHECK_THROWS_AS((cross_thread_rate_limiter{0, 1s}), std::invalid_argument);
  CHECK_THROWS_AS((cross_thread_rate_limiter{1, 0s}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort::test

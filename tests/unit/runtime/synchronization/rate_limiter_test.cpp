// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/rate_limiter.hpp>

#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <vector>

#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

struct started_operation {
  int id;
  duration after;
};

struct rate_limiter_fixture {
  /// Acquires at `start`, and records the time of the success.
  task<> run_operation(int id, duration start, duration timeout = 1h) {
    if (start > 0s) co_await sleep_for(start);
    const auto outcome = co_await limiter.acquire(deadline::after(loop::current().now(), timeout));
    if (outcome) {
      started.push_back({id, loop::current().now() - begin});
    } else {
      CHECK(outcome.error() == asio::error::timed_out);
      timed_out.push_back({id, loop::current().now() - begin});
    }
  }

  virtual_time time;
  time_point begin = time.now();
  rate_limiter limiter{2, 1s};
  std::vector<started_operation> started;
  std::vector<started_operation> timed_out;
};

TEST_CASE("rate_limiter: within any interval, at most as many operations as the limit start, in the order of arrival",
          "[runtime][sync]") {
  rate_limiter_fixture fixture;
  std::vector<task<>> callers;
  callers.reserve(7);
  for (int id = 0; id < 7; ++id) callers.push_back(fixture.run_operation(id, id * 100ms));
  fixture.time.run(when_all(std::move(callers)));
  REQUIRE(fixture.started.size() == 7);
  for (int id = 0; id < 7; ++id) {
    CHECK(fixture.started[static_cast<std::size_t>(id)].id == id);
    const auto expected = id / 2 * 1s + id % 2 * 100ms;
    CHECK(fixture.started[static_cast<std::size_t>(id)].after >= expected);
    CHECK(fixture.started[static_cast<std::size_t>(id)].after < expected + 4 * tick);
  }
  for (std::size_t i = 2; i < 7; ++i) CHECK(fixture.started[i].after - fixture.started[i - 2].after >= 1s);
}

TEST_CASE("rate_limiter: a wait that times out at its deadline is not counted", "[runtime][sync]") {
  rate_limiter_fixture fixture;
  fixture.time.run(when_all(fixture.run_operation(0, 0ms), fixture.run_operation(1, 0ms),
                            fixture.run_operation(2, 10ms, 500ms), fixture.run_operation(3, 20ms),
                            fixture.run_operation(4, 30ms, 100ms)));
  REQUIRE(fixture.timed_out.size() == 2);
  CHECK(fixture.timed_out[0].id == 4);
  CHECK(fixture.timed_out[1].id == 2);
  CHECK(fixture.timed_out[1].after < 520ms);
  REQUIRE(fixture.started.size() == 3);
  CHECK(fixture.started[2].id == 3);
  CHECK(fixture.started[2].after < 1010ms);
}

TEST_CASE("rate_limiter: a cancelled wait is not counted", "[runtime][sync]") {
  rate_limiter_fixture fixture;
  fixture.time.run(when_all(fixture.run_operation(0, 0ms), fixture.run_operation(1, 0ms)));
  {
    spawned_task<result<void>> cancelled_task{fixture.time, fixture.limiter.acquire(deadline::never())};
    spawned_task<> next{fixture.time, fixture.run_operation(3, 0ms)};
    cancelled_task.cancel();
    CHECK(cancelled_task.ended());
    fixture.time.run_for(999ms);
    CHECK_FALSE(next.ended());
    fixture.time.run_for(2ms);
    CHECK(next.ended());
  }
  CHECK(fixture.started.back().id == 3);
}

task<> acquire_and_try(rate_limiter& limiter) {
  CHECK(limiter.try_acquire());
  CHECK(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
  co_await sleep_for(1s);
  const auto expired = deadline::after(loop::current().now(), -1s);
  CHECK((co_await limiter.acquire(expired)).has_value());
  CHECK(limiter.try_acquire());
  CHECK_FALSE(limiter.try_acquire());
}

TEST_CASE("rate_limiter: acquires without a wait while the limit is not reached", "[runtime][sync]") {
  rate_limiter_fixture fixture;
  fixture.time.run(acquire_and_try(fixture.limiter));
}

TEST_CASE("rate_limiter: a limit or an interval that is not positive is rejected", "[runtime][sync]") {
  CHECK_THROWS_AS((rate_limiter{0, 1s}), std::invalid_argument);
  CHECK_THROWS_AS((rate_limiter{1, 0s}), std::invalid_argument);
}

}  // namespace
}  // namespace cohort::test

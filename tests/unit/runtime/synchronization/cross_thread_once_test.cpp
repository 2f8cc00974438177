// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/cross_thread/cross_thread_once.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>

#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_latch.hpp>
#include "tests/unit/runtime/synchronization/run_on_loops.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

/// A value without a mutex, so that ThreadSanitizer detects an access that is not ordered after the initialization.
struct lazy_value {
  task<> initialize(int failures) {
    ++attempts;
    co_await sleep_for(100us);
    if (attempts <= failures) throw std::runtime_error("no connection");
    value = "connected";
  }
  /// Returns the value after any caller has initialized the value; retries failed initializations.
  task<std::string> get(int failures) {
    for (;;) {
      try {
        auto work = [this, failures] { return initialize(failures); };
        const auto call_result = co_await initialization.call(deadline_in(30s), std::move(work));
        if (!call_result) throw std::logic_error(call_result.error().message());
        co_return value;
      } catch (const std::runtime_error&) {
        ++failed;
      }
    }
  }

  cross_thread_once initialization;
  std::string value;
  int attempts = 0;
  std::atomic<int> failed{0};
};

task<> get_repeatedly(lazy_value& initialized_value, int failures) {
  for (int i = 0; i < 100; ++i) {
    if (co_await initialized_value.get(failures) != "connected") throw std::logic_error("not initialized");
  }
}

TEST_CASE("cross_thread_once: the callers of all loops share one initialization", "[runtime][sync][threads]") {
  for (int round = 0; round < 20; ++round) {
    lazy_value initialized_value;
    run_on_loops(4, [&](std::size_t) { return get_repeatedly(initialized_value, 0); });
    CHECK(initialized_value.attempts == 1);
    CHECK(initialized_value.initialization.is_done());
  }
}

TEST_CASE("cross_thread_once: after a failed initialization, the next caller of any loop runs its own initialization",
          "[runtime][sync][threads]") {
  for (int round = 0; round < 20; ++round) {
    lazy_value initialized_value;
    run_on_loops(4, [&](std::size_t) { return get_repeatedly(initialized_value, 3); });
    CHECK(initialized_value.attempts == 4);
    CHECK(initialized_value.failed == 3);
  }
}

task<> sleep_and_count(int* calls) {
  ++*calls;
  if (co_await sleep_for(10ms) == wait_status::cancelled) throw std::runtime_error("no connection");
}
task<result<void>> call_with_timeout(cross_thread_once& initialization, int& calls, duration limit) {
  auto work = [&calls] { return sleep_and_count(&calls); };
  co_return co_await initialization.call(deadline_in(limit), std::move(work));
}

TEST_CASE("cross_thread_once: the next caller restarts a cancelled initialization", "[runtime][sync]") {
  virtual_time time;
  cross_thread_once initialization;
  int calls = 0;
  spawned_task<result<void>> cancelled_task{time, call_with_timeout(initialization, calls, 1s)};
  spawned_task<result<void>> next{time, call_with_timeout(initialization, calls, 1s)};
  spawned_task<result<void>> timed_out{time, call_with_timeout(initialization, calls, 1ms)};
  time.run_for(2ms);
  REQUIRE(timed_out.ended());
  CHECK(timed_out.outcome().value->error() == asio::error::timed_out);
  CHECK(calls == 1);
  cancelled_task.cancel();
  time.run_for(20ms);
  CHECK(cancelled_task.ended());
  REQUIRE(next.ended());
  CHECK(next.outcome().value->has_value());
  CHECK(calls == 2);
}

task<> await_and_destroy_latch(std::shared_ptr<std::atomic<cross_thread_latch*>> shared, int* unsynchronized_value) {
  // The latch is destroyed immediately, while the last thread may still be in `count_down`.
  auto counted_latch = std::make_unique<cross_thread_latch>(3);
  shared->store(counted_latch.get());
  if (co_await counted_latch->wait(deadline_in(30s)) != wait_status::notified) throw std::runtime_error("not at zero");
  counted_latch.reset();
  if (*unsynchronized_value != 1) throw std::runtime_error("a write before count_down is not visible");
}

TEST_CASE("cross_thread_latch: threads count down, and the waiter destroys the latch at zero",
          "[runtime][sync][threads]") {
  for (int round = 0; round < 50; ++round) {
    const auto shared = std::make_shared<std::atomic<cross_thread_latch*>>(nullptr);
    int unsynchronized_value = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, shared, i] {
        while (shared->load() == nullptr) std::this_thread::yield();
        if (i == 0) unsynchronized_value = 1;
        shared->load()->count_down();
      });
    }
    run_on_loops(1, [&](std::size_t) { return await_and_destroy_latch(shared, &unsynchronized_value); });
  }
}

task<> count_down_and_await(cross_thread_latch& counted_latch) {
  counted_latch.count_down();
  if (co_await counted_latch.wait(deadline_in(30s)) != wait_status::notified) throw std::runtime_error("not at zero");
}

TEST_CASE("cross_thread_latch: resumes the waiters of all loops at zero", "[runtime][sync][threads]") {
  cross_thread_latch counted_latch{4};
  run_on_loops(4, [&](std::size_t) { return count_down_and_await(counted_latch); });
  CHECK(counted_latch.count() == 0);
}

task<> await_latch_with_deadline(cross_thread_latch& counted_latch) {
  CHECK(co_await counted_latch.wait(deadline_in(5ms)) == wait_status::timed_out);
  CHECK(counted_latch.count() == 2);
  counted_latch.count_down(5);
  CHECK(counted_latch.count() == 0);
  CHECK(co_await counted_latch.wait(deadline::never()) == wait_status::notified);
}

TEST_CASE("cross_thread_latch: a wait times out at its deadline, and the count stops at zero", "[runtime][sync]") {
  virtual_time time;
  cross_thread_latch counted_latch{2};
  time.run(await_latch_with_deadline(counted_latch));
}

}  // namespace
}  // namespace cohort::test

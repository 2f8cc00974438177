// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/mutex.hpp>

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/synchronization/latch.hpp>
#include <cohort/runtime/synchronization/once.hpp>
#include <cohort/runtime/synchronization/semaphore.hpp>
#include <cohort/runtime/synchronization/shared_mutex.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::deadline_in;
using test::sleep_task;
using order = std::vector<int>;

task<> use_mutex(mutex& owner, order& entry_order, int id, duration start, duration hold) {
  co_await sleep_for(start);
  const auto lock_result = co_await owner.lock(deadline::never());
  REQUIRE(lock_result.has_value());
  entry_order.push_back(id);
  co_await sleep_for(hold);
}

TEST_CASE("mutex: coroutines acquire the mutex in the order of arrival", "[runtime][sync]") {
  virtual_time time;
  mutex owner;
  order entry_order;
  const auto begin = time.now();
  time.run(when_all(use_mutex(owner, entry_order, 1, 0ms, 10ms), use_mutex(owner, entry_order, 3, 2ms, 10ms),
                    use_mutex(owner, entry_order, 2, 1ms, 10ms)));
  CHECK(entry_order == order{1, 2, 3});
  CHECK(time.now() - begin >= 30ms);
  CHECK_FALSE(owner.is_locked());
}

task<> lock_until_deadline(mutex& owner) {
  auto first = co_await owner.lock(deadline::never());
  REQUIRE(first.has_value());
  const auto begin = loop::current().now();
  const auto second = co_await owner.lock(deadline_in(5ms));
  REQUIRE(second.has_error());
  CHECK(second.error() == asio::error::timed_out);
  CHECK(loop::current().now() - begin >= 5ms);
  CHECK_FALSE(owner.try_lock().has_value());
  first->unlock();
  CHECK(owner.try_lock().has_value());
}

TEST_CASE("mutex: a wait times out at its deadline, and leaves the queue", "[runtime][sync]") {
  virtual_time time;
  mutex owner;
  time.run(lock_until_deadline(owner));
  CHECK_FALSE(owner.is_locked());
}

task<bool> lock_mutex_within(mutex& owner, duration limit) {
  const auto lock_result = co_await owner.lock(deadline_in(limit));
  co_return lock_result.has_value();
}

task<> lock_repeatedly(mutex& owner, int& inside, int& entry_count) {
  auto& random = loop::current().random();
  for (int i = 0; i < 40; ++i) {
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(40)});
    const auto lock_result = co_await owner.lock(deadline_in(std::chrono::microseconds{random.uniform_below(60)}));
    if (!lock_result) continue;
    CHECK(++inside == 1);
    ++entry_count;
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(30)});
    --inside;
  }
}
/// Cancels waits at random times, also concurrently with a handoff.
task<> cancel_waits(mutex& owner) {
  auto& random = loop::current().random();
  for (int i = 0; i < 40; ++i) {
    co_await race(lock_mutex_within(owner, 1s), sleep_task(std::chrono::microseconds{random.uniform_below(40)}));
  }
}

TEST_CASE("mutex: no wakeup is lost when a timeout or cancellation coincides with a handoff", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    virtual_time time{seed};
    mutex owner;
    int inside = 0;
    int entry_count = 0;
    time.run(when_all(lock_repeatedly(owner, inside, entry_count), lock_repeatedly(owner, inside, entry_count),
                      lock_repeatedly(owner, inside, entry_count), cancel_waits(owner), cancel_waits(owner)));
    REQUIRE_FALSE(owner.is_locked());
    REQUIRE(entry_count > 0);
  }
}

task<> acquire_permits(semaphore& permits, std::size_t count, int id, order& acquisition_order, duration hold) {
  const auto permit = co_await permits.acquire(deadline::never(), count);
  REQUIRE(permit.has_value());
  acquisition_order.push_back(id);
  co_await sleep_for(hold);
}

TEST_CASE("semaphore: a request for many permits is not overtaken by later requests for few permits",
          "[runtime][sync]") {
  virtual_time time;
  semaphore permits{2};
  order acquisition_order;
  time.run(when_all(acquire_permits(permits, 1, 1, acquisition_order, 10ms),
                    acquire_permits(permits, 2, 2, acquisition_order, 10ms),
                    acquire_permits(permits, 1, 3, acquisition_order, 10ms)));
  CHECK(acquisition_order == order{1, 2, 3});
  CHECK(permits.available_count() == 2);
}

task<bool> acquire_within(semaphore& permits, std::size_t count, duration limit) {
  const auto permit = co_await permits.acquire(deadline_in(limit), count);
  co_return permit.has_value();
}

task<> acquire_after_timeout(semaphore& permits) {
  auto held_permits = co_await permits.acquire(deadline::never());
  REQUIRE(held_permits.has_value());
  const auto begin = loop::current().now();
  const auto results = co_await when_all(acquire_within(permits, 2, 5ms), acquire_within(permits, 1, 50ms));
  CHECK_FALSE(std::get<0>(results));
  CHECK(std::get<1>(results));
  CHECK(loop::current().now() - begin < 50ms);
}

TEST_CASE("semaphore: a request that times out admits the next smaller request", "[runtime][sync]") {
  virtual_time time;
  semaphore permits{2};
  time.run(acquire_after_timeout(permits));
  CHECK(permits.available_count() == 2);
}

task<> use_permits(semaphore& permits, std::size_t& used) {
  auto& random = loop::current().random();
  for (int i = 0; i < 40; ++i) {
    const auto count = 1 + static_cast<std::size_t>(random.uniform_below(3));
    const auto permit =
        co_await permits.acquire(deadline_in(std::chrono::microseconds{random.uniform_below(80)}), count);
    if (!permit) continue;
    used += count;
    CHECK(used <= 4);
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(30)});
    used -= count;
  }
}

TEST_CASE("semaphore: all permits are released when waits end at random times", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    virtual_time time{seed};
    semaphore permits{4};
    std::size_t used = 0;
    time.run(when_all(use_permits(permits, used), use_permits(permits, used), use_permits(permits, used),
                      use_permits(permits, used)));
    REQUIRE(permits.available_count() == 4);
  }
}

task<> read(shared_mutex& owner, int id, order& entry_order, duration hold) {
  const auto lock_result = co_await owner.lock_shared(deadline::never());
  REQUIRE(lock_result.has_value());
  entry_order.push_back(id);
  co_await sleep_for(hold);
}
task<> write(shared_mutex& owner, int id, order& entry_order, duration hold) {
  const auto lock_result = co_await owner.lock(deadline::never());
  REQUIRE(lock_result.has_value());
  CHECK(owner.reader_count() == 0);
  entry_order.push_back(id);
  co_await sleep_for(hold);
}

TEST_CASE("shared_mutex: readers share the mutex, and a reader behind a waiting writer waits", "[runtime][sync]") {
  virtual_time time;
  shared_mutex owner;
  order entry_order;
  const auto begin = time.now();
  time.run(when_all(read(owner, 1, entry_order, 10ms), read(owner, 2, entry_order, 10ms),
                    write(owner, 3, entry_order, 10ms), read(owner, 4, entry_order, 10ms)));
  CHECK(entry_order == order{1, 2, 3, 4});
  CHECK(time.now() - begin >= 30ms);
  CHECK(time.now() - begin < 40ms);
}

task<> lock_at_random(shared_mutex& owner, int& writer_count, int& reader_count) {
  auto& random = loop::current().random();
  for (int i = 0; i < 40; ++i) {
    const bool is_exclusive = random.bernoulli(0.3);
    const auto limit = deadline_in(std::chrono::microseconds{random.uniform_below(80)});
    const auto lock_result = is_exclusive ? co_await owner.lock(limit) : co_await owner.lock_shared(limit);
    if (!lock_result) continue;
    ++(is_exclusive ? writer_count : reader_count);
    CHECK((writer_count == 0 || (writer_count == 1 && reader_count == 0)));
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(30)});
    --(is_exclusive ? writer_count : reader_count);
  }
}

TEST_CASE("shared_mutex: the mutex is unlocked after waits that end at random times", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    virtual_time time{seed};
    shared_mutex owner;
    int writer_count = 0;
    int reader_count = 0;
    time.run(
        when_all(lock_at_random(owner, writer_count, reader_count), lock_at_random(owner, writer_count, reader_count),
                 lock_at_random(owner, writer_count, reader_count), lock_at_random(owner, writer_count, reader_count)));
    REQUIRE(owner.reader_count() == 0);
    REQUIRE_FALSE(owner.has_writer());
  }
}

task<> count_down_after(latch& counted_latch, duration span) {
  co_await sleep_for(span);
  counted_latch.count_down();
}
task<> await_latch(latch& counted_latch) {
  CHECK(co_await counted_latch.wait(deadline_in(5ms)) == wait_status::timed_out);
  CHECK(co_await counted_latch.wait(deadline::never()) == wait_status::notified);
  CHECK(counted_latch.count() == 0);
}

TEST_CASE("latch: releases its waiters at zero", "[runtime][sync]") {
  virtual_time time;
  latch counted_latch{2};
  time.run(when_all(await_latch(counted_latch), count_down_after(counted_latch, 10ms),
                    count_down_after(counted_latch, 20ms)));
}

task<> initialize(int* calls, bool fails) {
  ++*calls;
  co_await sleep_for(10ms);
  if (fails && *calls == 1) throw std::runtime_error("no connection");
}
task<bool> call_once(once& initialization, int& calls, bool fails) {
  try {
    auto work = [&calls, fails] { return initialize(&calls, fails); };
    const auto call_result = co_await initialization.call(deadline_in(1s), std::move(work));
    co_return call_result.has_value();
  } catch (const std::runtime_error&) {
    co_return false;
  }
}

TEST_CASE("once: concurrent callers share one initialization", "[runtime][sync]") {
  virtual_time time;
  once initialization;
  int calls = 0;
  const auto results =
      time.run(when_all(call_once(initialization, calls, false), call_once(initialization, calls, false)));
  CHECK(std::get<0>(results));
  CHECK(std::get<1>(results));
  CHECK(calls == 1);
}

TEST_CASE("once: after a failed initialization, the next caller runs its own initialization", "[runtime][sync]") {
  virtual_time time;
  once initialization;
  int calls = 0;
  const auto results =
      time.run(when_all(call_once(initialization, calls, true), call_once(initialization, calls, true)));
  CHECK_FALSE(std::get<0>(results));
  CHECK(std::get<1>(results));
  CHECK(calls == 2);
  CHECK(initialization.is_done());
}

}  // namespace
}  // namespace cohort

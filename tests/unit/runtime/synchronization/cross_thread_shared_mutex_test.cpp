// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/synchronization/cross_thread/cross_thread_shared_mutex.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include "tests/unit/runtime/synchronization/run_on_loops.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort::test {
namespace {

/// Two integers that writers keep equal. The integers are not atomic, so that ThreadSanitizer detects missing mutual
/// exclusion.
struct guarded_pair {
  cross_thread_shared_mutex owner;
  int first = 0;
  int second = 0;
  std::atomic<int> reads{0};
};

task<> read_or_write_pair(guarded_pair& pair, int count) {
  for (int i = 0; i < count; ++i) {
    const bool is_write = i % 4 == 0;
    const auto lock_result =
        is_write ? co_await pair.owner.lock(deadline_in(30s)) : co_await pair.owner.lock_shared(deadline_in(30s));
    if (!lock_result) throw std::runtime_error(lock_result.error().message());
    if (pair.first != pair.second) throw std::runtime_error("a writer did not exclude another coroutine");
    is_write ? ++pair.first : ++pair.reads;
    if (i % 16 == 0) co_await sleep_for(10us);
    if (is_write) ++pair.second;
  }
}

TEST_CASE("cross_thread_shared_mutex: a writer excludes the coroutines of all loops", "[runtime][sync][threads]") {
  guarded_pair pair;
  run_on_loops(4, [&](std::size_t) { return read_or_write_pair(pair, 400); });
  CHECK(pair.first == 400);
  CHECK(pair.reads == 1200);
  CHECK(pair.owner.reader_count() == 0);
  CHECK_FALSE(pair.owner.has_writer());
}

task<bool> lock_shared_mutex_within(cross_thread_shared_mutex& owner, bool is_exclusive, duration limit) {
  const auto lock_result =
      is_exclusive ? co_await owner.lock(deadline_in(limit)) : co_await owner.lock_shared(deadline_in(limit));
  if (lock_result) co_await sleep_for(5us);
  co_return lock_result.has_value();
}
/// Ends waits by timeout and by cancellation, also concurrently with a handoff.
task<> lock_with_interruptions(cross_thread_shared_mutex& owner, int rounds) {
  auto& random = loop::current().random();
  for (int i = 0; i < rounds; ++i) {
    co_await lock_shared_mutex_within(owner, random.bernoulli(0.4),
                                      std::chrono::microseconds{random.uniform_below(40)});
    co_await race(lock_shared_mutex_within(owner, random.bernoulli(0.4), 1s),
                  sleep_task(std::chrono::microseconds{random.uniform_below(40)}));
  }
}

TEST_CASE("cross_thread_shared_mutex: the mutex is unlocked after waits that end concurrently with an unlock",
          "[runtime][sync][threads]") {
  cross_thread_shared_mutex owner;
  run_on_loops(4, [&](std::size_t) { return lock_with_interruptions(owner, 300); });
  CHECK(owner.try_lock().has_value());
}

TEST_CASE("cross_thread_shared_mutex: the mutex is unlocked after waits that end at random times", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    virtual_time time{seed};
    cross_thread_shared_mutex owner;
    time.run(when_all(lock_with_interruptions(owner, 20), lock_with_interruptions(owner, 20),
                      lock_with_interruptions(owner, 20), lock_with_interruptions(owner, 20)));
    REQUIRE(owner.try_lock().has_value());
  }
}

task<> lock_and_record(cross_thread_shared_mutex& owner, bool is_exclusive, int id, std::vector<int>& entry_order) {
  const auto lock_result =
      is_exclusive ? co_await owner.lock(deadline::never()) : co_await owner.lock_shared(deadline::never());
  REQUIRE(lock_result.has_value());
  entry_order.push_back(id);
  co_await sleep_for(10ms);
}

TEST_CASE("cross_thread_shared_mutex: readers share the mutex, and a reader behind a waiting writer waits",
          "[runtime][sync]") {
  virtual_time time;
  cross_thread_shared_mutex owner;
  std::vector<int> entry_order;
  const auto begin = time.now();
  time.run(when_all(lock_and_record(owner, false, 1, entry_order), lock_and_record(owner, false, 2, entry_order),
                    lock_and_record(owner, true, 3, entry_order), lock_and_record(owner, false, 4, entry_order)));
  CHECK(entry_order == std::vector{1, 2, 3, 4});
  CHECK(time.now() - begin >= 30ms);
  CHECK(time.now() - begin < 40ms);
}

task<> time_out_before_reader(cross_thread_shared_mutex& owner) {
  const auto reader_lock = co_await owner.lock_shared(deadline::never());
  REQUIRE(reader_lock.has_value());
  const auto begin = loop::current().now();
  const auto results =
      co_await when_all(lock_shared_mutex_within(owner, true, 5ms), lock_shared_mutex_within(owner, false, 50ms));
  CHECK_FALSE(std::get<0>(results));
  CHECK(std::get<1>(results));
  CHECK(loop::current().now() - begin < 10ms);
}

TEST_CASE("cross_thread_shared_mutex: a writer that times out admits the next waiting reader", "[runtime][sync]") {
  virtual_time time;
  cross_thread_shared_mutex owner;
  time.run(time_out_before_reader(owner));
}

TEST_CASE("cross_thread_shared_mutex: a thread without a loop locks without a wait", "[runtime][sync][threads]") {
  cross_thread_shared_mutex owner;
  auto reader_lock = owner.try_lock_shared();
  REQUIRE(reader_lock.has_value());
  bool has_read_lock = false;
  bool has_write_lock = true;
  std::jthread{[&] {
    has_read_lock = owner.try_lock_shared().has_value();
    has_write_lock = owner.try_lock().has_value();
  }}.join();
  CHECK(has_read_lock);
  CHECK_FALSE(has_write_lock);
  reader_lock->unlock();
  CHECK(owner.try_lock().has_value());
}

}  // namespace
}  // namespace cohort::test

// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/run_on.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_channel.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_semaphore.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/runtime/synchronization/run_on_loops.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::deadline_in;
using test::run_on_loops;
using test::sleep_task;

task<> increment(cross_thread_semaphore& owner, int* unprotected_count, int count) {
  for (int i = 0; i < count; ++i) {
    const auto permit = co_await owner.acquire(deadline_in(30s));
    if (!permit) throw std::runtime_error(permit.error().message());
    ++*unprotected_count;
    if (i % 16 == 0) co_await sleep_for(10us);
  }
}

TEST_CASE("cross_thread_semaphore: one permit excludes the coroutines of all loops", "[runtime][sync][threads]") {
  cross_thread_semaphore owner{1};
  int unprotected_count = 0;
  run_on_loops(4, [&](std::size_t) { return increment(owner, &unprotected_count, 500); });
  CHECK(unprotected_count == 2000);
  CHECK(owner.available_count() == 1);
}

task<bool> acquire_for(cross_thread_semaphore& owner, duration limit) {
  const auto permit = co_await owner.acquire(deadline_in(limit));
  if (permit) co_await sleep_for(5us);
  co_return permit.has_value();
}
task<> acquire_until_timeout(cross_thread_semaphore& owner, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    co_await acquire_for(owner, std::chrono::microseconds{loop::current().random().uniform_below(40)});
    co_await race(acquire_for(owner, 1s),
                  sleep_task(std::chrono::microseconds{loop::current().random().uniform_below(40)}));
  }
}

TEST_CASE("cross_thread_semaphore: no permit is lost when a wait times out or is cancelled concurrently with a release",
          "[runtime][sync][threads]") {
  cross_thread_semaphore owner{2};
  run_on_loops(4, [&](std::size_t) { return acquire_until_timeout(owner, 300); });
  CHECK(owner.available_count() == 2);
}

TEST_CASE("cross_thread_semaphore: no permit is lost on virtual time", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    virtual_time time{seed};
    cross_thread_semaphore owner{2};
    time.run(when_all(acquire_until_timeout(owner, 20), acquire_until_timeout(owner, 20),
                      acquire_until_timeout(owner, 20), acquire_until_timeout(owner, 20)));
    REQUIRE(owner.available_count() == 2);
  }
}

task<> send_or_receive(cross_thread_channel<int>& numbers, std::size_t index, std::atomic<long>& sum, int count) {
  for (int i = 0; i < count; ++i) {
    if (index % 2 == 0) {
      if (!co_await numbers.send(i, deadline_in(30s))) throw std::runtime_error("not sent");
    } else {
      const auto receive_result = co_await numbers.receive(deadline_in(30s));
      if (!receive_result) throw std::runtime_error("not received");
      sum += *receive_result;
    }
  }
}

TEST_CASE("cross_thread_channel: every value sent on one loop is received on another", "[runtime][sync][threads]") {
  cross_thread_channel<int> numbers{4};
  std::atomic<long> sum{0};
  run_on_loops(4, [&](std::size_t index) { return send_or_receive(numbers, index, sum, 1000); });
  CHECK(sum == 2L * (999 * 1000 / 2));
  CHECK(numbers.size() == 0);
}

task<> drain_channel(cross_thread_channel<int>& numbers, int* received_count) {
  while (co_await numbers.receive(deadline_in(30s))) ++*received_count;
}

TEST_CASE("cross_thread_channel: a thread without a loop sends with try_send, and close ends the receiver",
          "[runtime][sync][threads]") {
  cross_thread_channel<int> numbers{4};
  int received_count = 0;
  std::jthread sender{[&] {
    for (int i = 0; i < 1000; ++i) {
      while (!numbers.try_send(int{i})) std::this_thread::yield();
    }
    numbers.close();
  }};
  run_on_loops(1, [&](std::size_t) { return drain_channel(numbers, &received_count); });
  CHECK(received_count == 1000);
}

task<> exchange_at_random(cross_thread_channel<int>& numbers, int& sent_count, int& received_count) {
  auto& random = loop::current().random();
  for (int i = 0; i < 60; ++i) {
    const auto limit = deadline_in(std::chrono::microseconds{random.uniform_below(20)});
    if (random.bernoulli(0.5)) {
      if ((co_await numbers.send(i, limit)).has_value()) ++sent_count;
    } else {
      if ((co_await numbers.receive(limit)).has_value()) ++received_count;
    }
    co_await sleep_for(std::chrono::microseconds{random.uniform_below(10)});
  }
}

TEST_CASE("cross_thread_channel: no value is lost when waits end at random times", "[runtime][sync]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    virtual_time time{seed};
    cross_thread_channel<int> numbers{1};
    int sent_count = 0;
    int received_count = 0;
    time.run(when_all(exchange_at_random(numbers, sent_count, received_count),
                      exchange_at_random(numbers, sent_count, received_count),
                      exchange_at_random(numbers, sent_count, received_count)));
    REQUIRE(sent_count == received_count + static_cast<int>(numbers.size()));
  }
}

task<> await_event(std::shared_ptr<cross_thread_event> awaited, std::atomic<int>& notified) {
  if (co_await awaited->wait(deadline_in(30s)) == wait_status::notified) ++notified;
}

TEST_CASE("cross_thread_event: resumes the waiters of all loops", "[runtime][sync][threads]") {
  const auto event = cross_thread_event::make();
  std::atomic<int> notified{0};
  std::jthread setting_thread{[event] { event->set(); }};
  run_on_loops(3, [&](std::size_t) { return await_event(event, notified); });
  CHECK(notified == 3);
  CHECK(event->is_set());
}

task<> reset_event(std::shared_ptr<cross_thread_event> event) {
  CHECK(co_await event->wait(deadline_in(1ms)) == wait_status::timed_out);
  event->set();
  CHECK(co_await event->wait(deadline_in(1ms)) == wait_status::notified);
  event->reset();
  CHECK(co_await event->wait(deadline_in(1ms)) == wait_status::timed_out);
}

TEST_CASE("cross_thread_event: stays set until it is reset", "[runtime][sync]") {
  virtual_time time;
  time.run(reset_event(cross_thread_event::make()));
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <atomic>
#include <thread>

#include <cohort/runtime/concurrency/broadcast.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/runtime.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using numbers = broadcast<int>;

task<> receive_all(numbers::subscription source, duration pause, log_lines& log, std::string name) {
  for (;;) {
    auto wait_task = source.next(deadline::after(loop::current().now(), 10s));
    auto value = co_await std::move(wait_task);
    if (!value) {
      constexpr const char* reasons[] = {"", "timed out", "cancelled", "too slow", "closed"};
      log.push_back(name + " " + reasons[static_cast<int>(value.error())]);
      if (source.missed() > 0) log.push_back(name + " missed " + std::to_string(source.missed()));
      co_return;
    }
    log.push_back(name + " " + std::to_string(**value));
    if (pause > duration::zero()) co_await sleep_for(pause);
  }
}

task<numbers::subscription> subscribe(numbers& source) { co_return source.subscribe(); }

TEST_CASE("broadcast: each subscriber receives the values published after its subscription, in order, until the close",
          "[runtime]") {
  virtual_time time;
  numbers source{10};
  log_lines log;
  source.publish(1);
  spawned_task<> first{time, receive_all(time.run(subscribe(source)), 0s, log, "a")};
  source.publish(2);
  time.run_for(1s);
  spawned_task<> second{time, receive_all(time.run(subscribe(source)), 0s, log, "b")};
  source.publish(3);
  source.close();
  time.run_for(1s);
  CHECK(log == log_lines{"a 2", "a 3", "a closed", "b 3", "b closed"});
  spawned_task<> late_task{time, receive_all(time.run(subscribe(source)), 0s, log, "c")};
  time.run_for(1s);
  CHECK(log.back() == "c closed");
}

TEST_CASE("broadcast: a subscriber receives no value that was published before its subscription", "[runtime]") {
  virtual_time time;
  numbers source{3};
  log_lines log;
  const auto earlier = time.run(subscribe(source));
  const auto publish_and_subscribe = [](numbers& target, int count) -> task<numbers::subscription> {
    for (int i = 1; i <= count; ++i) target.publish(i);
    co_return target.subscribe();
  };
  const int count = GENERATE(1, 3, 5);
  CAPTURE(count);
  spawned_task<> late_task{time, receive_all(time.run(publish_and_subscribe(source, count)), 0s, log, "a")};
  source.publish(100);
  time.run_for(20s);
  CHECK(log == log_lines{"a 100", "a timed out"});
}

TEST_CASE("broadcast: a slow subscriber skips values that are no longer in the buffer", "[runtime]") {
  virtual_time time;
  numbers source{3};
  log_lines log;
  spawned_task<> slow_task{time, receive_all(time.run(subscribe(source)), 1s, log, "slow")};
  for (int i = 1; i <= 5; ++i) {
    source.publish(i);
    time.run_for(0s);
  }
  time.run_for(20s);
  CHECK(log == log_lines{"slow 1", "slow 3", "slow 4", "slow 5", "slow timed out", "slow missed 1"});
}

TEST_CASE("broadcast: the number of values that are published while the loop is busy is bounded", "[runtime]") {
  virtual_time time;
  numbers source{3};
  log_lines log;
  spawned_task<> subscriber{time, receive_all(time.run(subscribe(source)), 0s, log, "a")};
  for (int i = 1; i <= 100; ++i) source.publish(i);
  time.run_for(1s);
  source.publish(101);
  time.run_for(20s);
  CHECK(log == log_lines{"a 98", "a 99", "a 100", "a 101", "a timed out", "a missed 97"});
}

TEST_CASE("broadcast: a slow subscriber is disconnected if the policy requires it", "[runtime]") {
  virtual_time time;
  numbers source{2, slow_subscriber_policy::disconnect};
  log_lines log;
  spawned_task<> fast_task{time, receive_all(time.run(subscribe(source)), 0s, log, "fast")};
  spawned_task<> slow_task{time, receive_all(time.run(subscribe(source)), 5s, log, "slow")};
  for (int i = 1; i <= 4; ++i) {
    source.publish(i);
    time.run_for(1s);
  }
  time.run_for(20s);
  CHECK(log == log_lines{"fast 1", "slow 1", "fast 2", "fast 3", "fast 4", "slow too slow", "fast timed out"});
}

TEST_CASE("broadcast: a batch wakes each loop once, regardless of the number of subscribers", "[runtime]") {
  virtual_time time;
  numbers source{100};
  log_lines log;
  std::vector<numbers::subscription> waiting_subscriptions;
  for (int i = 0; i < 50; ++i) waiting_subscriptions.push_back(time.run(subscribe(source)));
  time.run_for(0s);
  for (int i = 0; i < 20; ++i) source.publish(i);
  // No subscriber waits in a coroutine, so the only handler is the delivery.
  CHECK(time.event_loop().poll() == 1);
  CHECK(waiting_subscriptions.front().is_ready());
  CHECK(waiting_subscriptions.back().is_ready());
}

task<> count_values(numbers::subscription source, std::atomic<int>& sum, std::atomic<int>& ended_count,
                    int subscriber_count, runtime& loops) {
  for (;;) {
    auto wait_task = source.next();
    const auto value = co_await std::move(wait_task);
    if (!value) break;
    sum += **value;
  }
  if (++ended_count == subscriber_count) loops.stop();
}

TEST_CASE("broadcast: threads publish to subscribers on several loops", "[runtime][threads]") {
  constexpr int subscribers_per_loop = 10;
  constexpr int values_per_thread = 1000;
  runtime loops{2};
  numbers source{4 * values_per_thread};
  std::atomic<int> ready_count = 0;
  std::atomic<int> sum = 0;
  std::atomic<int> ended_count = 0;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    asio::post(loops.at(i).get_executor(), [&] {
      for (int n = 0; n < subscribers_per_loop; ++n) {
        asio::co_spawn(loop::current().get_executor(),
                       count_values(source.subscribe(), sum, ended_count, 2 * subscribers_per_loop, loops),
                       [](const std::exception_ptr& failure) {
                         if (failure) std::terminate();
                       });
      }
      ++ready_count;
    });
  }
  std::thread publishing_thread{[&] {
    while (ready_count < 2) std::this_thread::yield();
    std::thread other_thread{[&] {
      for (int i = 0; i < values_per_thread; ++i) source.publish(1);
    }};
    for (int i = 0; i < values_per_thread; ++i) source.publish(1);
    other_thread.join();
    source.close();
  }};
  loops.run();
  publishing_thread.join();
  CHECK(sum == 2 * values_per_thread * 2 * subscribers_per_loop);
}

}  // namespace
}  // namespace cohort

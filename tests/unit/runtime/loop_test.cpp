// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/loop.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

struct test_timer {
  test_timer(loop& event_loop, std::function<void()> callback)
      : callback(std::move(callback)), timer(event_loop.timers(), this) {}
  void on_expiry() { callback(); }

  std::function<void()> callback;
  bound_timer<&test_timer::on_expiry> timer;
};

TEST_CASE("loop: timers on the real clock expire in order and never early", "[runtime][loop]") {
  loop event_loop;
  std::vector<int> calls;
  std::vector<time_point> expiries;
  const auto start = event_loop.now();
  test_timer last(event_loop, [&] { event_loop.stop(); });
  test_timer second(event_loop, [&] {
    calls.push_back(2);
    expiries.push_back(event_loop.now());
  });
  test_timer first(event_loop, [&] {
    calls.push_back(1);
    expiries.push_back(event_loop.now());
  });
  last.timer.arm(start + 15ms);
  second.timer.arm(start + 10ms);
  first.timer.arm(start + 5ms);

  event_loop.run();

  CHECK(calls == std::vector{1, 2});
  CHECK(expiries.at(0) >= start + 5ms);
  CHECK(expiries.at(1) >= start + 10ms);
  CHECK(event_loop.now() >= start + 15ms);
}

TEST_CASE("loop: a waiting loop wakes up for a timer that another thread arms earlier", "[runtime][loop][threads]") {
  loop event_loop;
  bool is_called = false;
  test_timer late(event_loop, [&] { event_loop.stop(); });
  test_timer early(event_loop, [&] {
    is_called = true;
    event_loop.stop();
  });
  late.timer.arm(event_loop.now() + 10min);
  std::thread posting_thread(
      [&] { asio::post(event_loop.get_executor(), [&] { early.timer.arm(event_loop.now() + 1ms); }); });

  event_loop.run();
  posting_thread.join();

  CHECK(is_called);
}

TEST_CASE("loop: a timer can be re-armed from its own callback", "[runtime][loop]") {
  loop event_loop;
  int remaining_count = 20;
  std::function<void()> on_expiry;
  test_timer repeating_timer(event_loop, [&] { on_expiry(); });
  on_expiry = [&] {
    if (--remaining_count == 0) return event_loop.stop();
    repeating_timer.timer.arm(event_loop.now() + 100us);
  };
  repeating_timer.timer.arm(event_loop.now());

  event_loop.run();
  CHECK(remaining_count == 0);
}

TEST_CASE("loop: handlers posted by other threads run on the loop's thread, in order per thread",
          "[runtime][loop][threads]") {
  loop event_loop;
  constexpr int handlers_per_thread = 1000;
  constexpr int threads = 3;
  std::vector<std::vector<int>> seen(threads);
  std::atomic<int> wrong_thread_count = 0;
  int handled_count = 0;
  const auto loop_thread = std::this_thread::get_id();
  std::vector<std::jthread> posting_threads;
  for (int thread_index = 0; thread_index < threads; ++thread_index) {
    posting_threads.emplace_back([&, thread_index] {
      for (int i = 0; i < handlers_per_thread; ++i) {
        asio::post(event_loop.get_executor(), [&, thread_index, i] {
          if (std::this_thread::get_id() != loop_thread || &loop::current() != &event_loop) ++wrong_thread_count;
          seen[static_cast<std::size_t>(thread_index)].push_back(i);
          if (++handled_count == threads * handlers_per_thread) event_loop.stop();
        });
      }
    });
  }

  event_loop.run();

  CHECK(wrong_thread_count == 0);
  for (const auto& numbers : seen) {
    REQUIRE(numbers.size() == handlers_per_thread);
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_CASE("loop: an idle loop runs until another thread stops it", "[runtime][loop][threads]") {
  loop event_loop;
  std::jthread posting_thread([&] { event_loop.stop(); });
  event_loop.run();
  SUCCEED("run returned");
}

TEST_CASE("loop: a loop stopped before run executes no handlers", "[runtime][loop]") {
  loop event_loop;
  bool has_run = false;
  asio::post(event_loop.get_executor(), [&] { has_run = true; });
  event_loop.stop();
  event_loop.run();
  CHECK_FALSE(has_run);
}

TEST_CASE("loop: current() is the innermost running loop", "[runtime][loop]") {
  CHECK(loop::current_or_null() == nullptr);
  loop outer(real_clock(), 3);
  virtual_time inner;
  std::vector<loop*> seen;
  asio::post(inner.event_loop().get_executor(), [&] { seen.push_back(loop::current_or_null()); });
  asio::post(outer.get_executor(), [&] {
    seen.push_back(&loop::current());
    inner.event_loop().poll();
    seen.push_back(&loop::current());
    outer.stop();
  });

  outer.run();

  CHECK(seen == std::vector{&outer, &inner.event_loop(), &outer});
  CHECK(loop::current_or_null() == nullptr);
  CHECK(outer.index() == 3);
}

}  // namespace
}  // namespace cohort

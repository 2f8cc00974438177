// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/runtime.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

namespace cohort {
namespace {

TEST_CASE("runtime: runs each loop on its own thread, the first on the caller's", "[runtime][loop][threads]") {
  constexpr std::size_t threads = 4;
  runtime loops(threads);
  REQUIRE(loops.size() == threads);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::set<std::size_t> indices;
  std::thread::id first_loop_thread;
  std::latch all_running(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    asio::post(loops.at(i).get_executor(), [&, i] {
      {
        const std::lock_guard lock(mutex);
        ids.insert(std::this_thread::get_id());
        indices.insert(loop::current().index());
        if (i == 0) first_loop_thread = std::this_thread::get_id();
      }
      // Blocks until all loops run at the same time.
      all_running.arrive_and_wait();
      if (i == threads - 1) loops.stop();
    });
  }

  loops.run();

  CHECK(ids.size() == threads);
  CHECK(indices == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(first_loop_thread == std::this_thread::get_id());
}

TEST_CASE("runtime: has at least one loop", "[runtime][loop]") {
  runtime loops(0);
  CHECK(loops.size() == 1);
  asio::post(loops.at(0).get_executor(), [&] { loops.stop(); });
  loops.run();
}

TEST_CASE("runtime: can be stopped from any thread", "[runtime][loop][threads]") {
  runtime loops(2);
  std::latch running(2);
  for (std::size_t i = 0; i < loops.size(); ++i) {
    asio::post(loops.at(i).get_executor(), [&] { running.count_down(); });
  }
  std::jthread stopper([&] {
    running.wait();
    loops.stop();
  });
  loops.run();
  SUCCEED("run returned");
}

TEST_CASE("runtime: one loop can post work to another", "[runtime][loop][threads]") {
  runtime loops(2);
  std::atomic<std::size_t> index = 0;
  asio::post(loops.at(0).get_executor(), [&] {
    asio::post(loops.at(1).get_executor(), [&] {
      index = loop::current().index();
      loops.stop();
    });
  });
  loops.run();
  CHECK(index == 1);
}

TEST_CASE("available_parallelism: is between 1 and the number of CPUs", "[runtime][loop]") {
  CHECK(available_parallelism() >= 1);
  CHECK(available_parallelism() <= std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace cohort

#include "core/runtime/runtime.hpp"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

namespace cohort {
namespace {

TEST_CASE("Each loop runs in a thread of its own, the first in the caller's, until stop") {
  constexpr std::size_t threads = 4;
  runtime all(threads);
  REQUIRE(all.size() == threads);
  std::mutex guard;
  std::set<std::thread::id> ids;
  std::set<std::size_t> indices;
  std::thread::id first;
  std::latch everyone(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    asio::post(all.at(i).get_executor(), [&, i] {
      {
        const std::lock_guard hold(guard);
        ids.insert(std::this_thread::get_id());
        indices.insert(loop::current().index());
        if (i == 0) first = std::this_thread::get_id();
      }
      // Only if all run at the same time does any of them get past this.
      everyone.arrive_and_wait();
      if (i == threads - 1) all.stop();
    });
  }

  all.run();

  CHECK(ids.size() == threads);
  CHECK(indices == std::set<std::size_t>{0, 1, 2, 3});
  CHECK(first == std::this_thread::get_id());
}

TEST_CASE("A runtime has at least one loop") {
  runtime all(0);
  CHECK(all.size() == 1);
  asio::post(all.at(0).get_executor(), [&] { all.stop(); });
  all.run();
}

TEST_CASE("A runtime can be stopped from a thread that is none of its own") {
  runtime all(2);
  std::latch running(2);
  for (std::size_t i = 0; i < all.size(); ++i) {
    asio::post(all.at(i).get_executor(), [&] { running.count_down(); });
  }
  std::jthread other([&] {
    running.wait();
    all.stop();
  });
  all.run();
  SUCCEED("it came back");
}

TEST_CASE("One loop hands work to another") {
  runtime all(2);
  std::atomic<std::size_t> reached = 0;
  asio::post(all.at(0).get_executor(), [&] {
    asio::post(all.at(1).get_executor(), [&] {
      reached = loop::current().index();
      all.stop();
    });
  });
  all.run();
  CHECK(reached == 1);
}

TEST_CASE("There is at least one processor, and no more than the machine has") {
  CHECK(hardware_threads() >= 1);
  CHECK(hardware_threads() <= std::thread::hardware_concurrency());
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/burst_allowance.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/policy/start_time.hpp"

namespace cohort::policy {
namespace {

using namespace std::chrono_literals;

/// An allowance of 400 ms for delays above 100 ms, and the time of the calls.
struct queue_fixture {
  /// Returns whether a queue that is nonempty for `span` indicates overload.
  bool causes_overload(duration span) {
    bool is_overload = false;
    for (auto queue_age = 10ms; queue_age <= span; queue_age += 10ms) {
      now += 10ms;
      is_overload = allowance.is_overload(queue_age, now) || is_overload;
    }
    return is_overload;
  }
  /// Advances the time by `span` without a queue.
  void run_without_queue(duration span) {
    CHECK_FALSE(allowance.is_overload(0ms, now));
    now += span;
    CHECK_FALSE(allowance.is_overload(0ms, now));
  }

  burst_allowance allowance{{.delay = 100ms, .max_burst = 400ms}};
  time_point now = test::start;
};

TEST_CASE("burst allowance: a queue indicates overload after the delay and the allowance", "[policy]") {
  queue_fixture queue;
  CHECK_FALSE(queue.causes_overload(490ms));
  queue.run_without_queue(1ms);
  CHECK(queue.causes_overload(120ms));
  queue_fixture longer;
  CHECK(longer.causes_overload(500ms));
}

TEST_CASE("burst allowance: overload continues until the queue is empty", "[policy]") {
  queue_fixture queue;
  CHECK(queue.causes_overload(500ms));
  for (auto queue_age = 510ms; queue_age <= 2s; queue_age += 10ms) {
    queue.now += 10ms;
    CHECK(queue.allowance.is_overload(queue_age, queue.now));
  }
}

TEST_CASE("burst allowance: without an allowance, a queue indicates overload after the delay", "[policy]") {
  queue_fixture queue;
  CHECK(queue.causes_overload(500ms));
  for (int i = 0; i < 20; ++i) {
    queue.run_without_queue(8ms);
    CHECK_FALSE(queue.causes_overload(100ms));
    queue.run_without_queue(8ms);
    CHECK(queue.causes_overload(110ms));
  }
}

TEST_CASE("burst allowance: the allowance grows by a quarter of the time without a queue, up to max_burst",
          "[policy]") {
  queue_fixture queue;
  CHECK(queue.causes_overload(500ms));
  queue.run_without_queue(800ms);
  CHECK_FALSE(queue.causes_overload(290ms));
  queue.run_without_queue(1h);
  CHECK_FALSE(queue.causes_overload(490ms));
  queue.run_without_queue(1h);
  CHECK(queue.causes_overload(500ms));
}

TEST_CASE("burst allowance: the age of the queue at the first call reduces the allowance", "[policy]") {
  queue_fixture queue;
  queue.now += 450ms;
  CHECK_FALSE(queue.allowance.is_overload(450ms, queue.now));
  queue.now += 50ms;
  CHECK(queue.allowance.is_overload(500ms, queue.now));
}

TEST_CASE("burst allowance: a queue that is younger than at the last call counts as a new queue", "[policy]") {
  queue_fixture queue;
  CHECK_FALSE(queue.allowance.is_overload(300ms, queue.now += 300ms));
  CHECK_FALSE(queue.allowance.is_overload(200ms, queue.now += 210ms));
  CHECK(queue.allowance.is_overload(300ms, queue.now += 100ms));
}

}  // namespace
}  // namespace cohort::policy

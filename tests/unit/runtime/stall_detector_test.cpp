// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/stall_detector.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using action = stall_detector::action;

constexpr std::optional<std::size_t> no_idle_sequence;

/// A detector with a threshold of 100 ms, which observes every 25 ms.
struct detector_fixture {
  action observe(std::size_t sequence, std::optional<std::size_t> idle_sequence = no_idle_sequence) {
    now += 25ms;
    return detector.observe(now, sequence, idle_sequence);
  }
  /// Observations until the stall is reported.
  int observations_until_report(std::size_t sequence) {
    for (int count = 1; count < 100; ++count) {
      if (observe(sequence) == action::report) return count;
    }
    return -1;
  }

  stall_detector detector{100ms};
  time_point now{};
};

TEST_CASE("stall_detector: a loop that starts no handler for longer than the threshold is reported once",
          "[runtime][stall]") {
  detector_fixture test;
  CHECK(test.observe(1) == action::none);
  CHECK(test.observe(1) == action::post_marker);
  CHECK(test.observe(1) == action::none);
  CHECK(test.observe(1) == action::none);
  CHECK_FALSE(test.detector.is_stalled());
  CHECK(test.observe(1) == action::report);
  CHECK(test.detector.is_stalled());
  CHECK(test.detector.elapsed() == 100ms);
  CHECK(test.observe(1) == action::none);
}

TEST_CASE("stall_detector: a continuing stall is reported each time its duration has doubled", "[runtime][stall]") {
  detector_fixture test;
  CHECK(test.observations_until_report(1) == 5);
  CHECK(test.observations_until_report(1) == 4);
  CHECK(test.detector.elapsed() == 200ms);
  CHECK(test.observations_until_report(1) == 8);
  CHECK(test.detector.elapsed() == 400ms);
}

TEST_CASE("stall_detector: the end of a stall is reported with its duration", "[runtime][stall]") {
  detector_fixture test;
  test.observations_until_report(1);
  SECTION("the loop runs another handler") { CHECK(test.observe(2) == action::report_end); }
  SECTION("the loop becomes idle") { CHECK(test.observe(1, 1) == action::report_end); }
  CHECK(test.detector.elapsed() == 125ms);
  CHECK_FALSE(test.detector.is_stalled());
}

TEST_CASE("stall_detector: a loop that waits for events is not stalled, and is not woken up again",
          "[runtime][stall]") {
  detector_fixture test;
  CHECK(test.observe(1) == action::none);
  CHECK(test.observe(1) == action::post_marker);
  for (int i = 0; i < 100; ++i) CHECK(test.observe(1, 1) == action::none);
  CHECK_FALSE(test.detector.is_stalled());
}

TEST_CASE("stall_detector: a loop with many short handlers is not stalled", "[runtime][stall]") {
  detector_fixture test;
  for (std::size_t sequence = 0; sequence < 100; ++sequence) {
    CHECK(test.observe(sequence) == action::none);
    CHECK(test.observe(sequence) == action::post_marker);
  }
  CHECK_FALSE(test.detector.is_stalled());
}

TEST_CASE("stall_detector: a stall after an idle period is detected", "[runtime][stall]") {
  detector_fixture test;
  test.observe(1);
  test.observe(1);
  for (int i = 0; i < 10; ++i) test.observe(1, 1);
  // The marker that was posted during the idle period does not count toward the stall.
  CHECK(test.observe(2, 1) == action::none);
  CHECK(test.observe(2, 1) == action::post_marker);
  CHECK(test.observe(2, 1) == action::none);
  CHECK(test.observe(2, 1) == action::none);
  CHECK(test.observe(2, 1) == action::report);
}

}  // namespace
}  // namespace cohort

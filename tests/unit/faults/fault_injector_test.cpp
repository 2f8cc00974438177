// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_injector.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

TEST_CASE("fault_injector: each change is logged", "[faults][injector]") {
  test::captured_log captured_log;
  virtual_time time;
  telemetry::registry metrics{1};
  const telemetry::logger log{captured_log.sink(), "test", telemetry::log_level::info, telemetry::log_format::text,
                              time.event_loop().time_source()};
  faults::fault_injector injector{{&time.event_loop()}, metrics, log};
  injector.set({.latency_ms = 7, .seconds = 3});
  time.run_for(4s);
  injector.set({.error_percent = 8});
  injector.set({});
  injector.set({});
  injector.end();
  injector.set({.hang_percent = 9});
  time.run_until_idle();
  const auto lines = captured_log.close();
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], ContainsSubstring("fault injection started latency_ms=7") && ContainsSubstring("seconds=3"));
  CHECK_THAT(lines[1], ContainsSubstring("duration has expired latency_ms=0"));
  CHECK_THAT(lines[2], ContainsSubstring("fault injection started") && ContainsSubstring("error_percent=8"));
  CHECK_THAT(lines[3], ContainsSubstring("fault injection ended latency_ms=0"));
}

TEST_CASE("fault_injector: settings that replace expiring settings do not expire early", "[faults][injector]") {
  virtual_time time;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::text};
  faults::fault_injector injector{{&time.event_loop()}, metrics, log};
  injector.set({.error_percent = 1, .seconds = 1});
  time.run_for(900ms);
  injector.set({.error_percent = 1, .seconds = 600});
  // At this point, the loop has not yet run the function that arms the timer again.
  time.event_loop().timers().advance(time.now() + 1s);
  CHECK(metrics.make_gauge("cohort_faults_active", "", {{"kind", "error"}}).value() == 1);
  injector.end();
  time.run_until_idle();
  CHECK(metrics.make_gauge("cohort_faults_active", "", {{"kind", "error"}}).value() == 0);
}

/// A clock that advances by 1 ms with each reading.
class self_advancing_clock final : public clock {
 public:
  time_point now() const noexcept override { return reading_ += 1ms; }
  wall_time wall_now() const noexcept override { return {}; }
  bool is_real_time() const noexcept override { return true; }
  time_point last_reading() const noexcept { return reading_; }

 private:
  // The start is far ahead of the real clock, so that the loop's own timer does not fire.
  mutable time_point reading_{std::chrono::years{100}};
};

TEST_CASE("fault_injector: the loop is busy for the configured fraction of the time, in slices of random length",
          "[faults][injector]") {
  for (const std::int64_t percent : {10, 50, 95}) {
    CAPTURE(percent);
    self_advancing_clock time;
    loop event_loop{time, 0, 1};
    telemetry::registry metrics{1};
    telemetry::log_sink sink;
    const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::text};
    faults::fault_injector injector{{&event_loop}, metrics, log};
    injector.set({.cpu_percent = percent, .seconds = 3600});
    event_loop.poll();
    duration busy{};
    duration longest{};
    const auto start = time.last_reading();
    while (time.last_reading() - start < 60s) {
      const auto now = time.now();
      event_loop.timers().advance(now);
      if (const auto slice = time.last_reading() - now; slice > 1ms) {
        busy += slice;
        longest = std::max(longest, slice);
      }
    }
    CHECK_THAT(static_cast<double>(busy.count()) / 60e9 * 100, WithinAbs(static_cast<double>(percent), 4));
    // The lengths of the slices vary: the longest exceeds the mean.
    CHECK(longest > 1.1 * 100ms * static_cast<double>(percent) / 100.0);
    CHECK(longest < 125ms * percent / 100 + 3ms);
    injector.end();
    event_loop.poll();
    CHECK(event_loop.timers().armed_count() == 0);
  }
}

}  // namespace
}  // namespace cohort

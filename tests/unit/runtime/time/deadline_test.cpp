// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/deadline.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>

namespace cohort {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};

TEST_CASE("deadline: remaining time counts down to zero", "[runtime][time]") {
  const deadline deadline = deadline::after(now, 100ms);
  CHECK(deadline.remaining(now) == 100ms);
  CHECK(deadline.remaining(now + 40ms) == 60ms);
  CHECK(deadline.remaining(now + 100ms) == 0ns);
  CHECK(deadline.remaining(now + 1h) == 0ns);
}

TEST_CASE("deadline: expires exactly at its time", "[runtime][time]") {
  const deadline deadline{now};
  CHECK_FALSE(deadline.expired(now - 1ns));
  CHECK(deadline.expired(now));
  CHECK(deadline.expired(now + 1ns));
}

TEST_CASE("deadline: never() is later than every other deadline and does not expire", "[runtime][time]") {
  CHECK(deadline{} == deadline::never());
  CHECK(deadline::never().is_never());
  CHECK(deadline::never() > deadline::after(now, 24h * 365));
  CHECK_FALSE(deadline::never().expired(now + 24h * 365 * 100));
  CHECK(deadline::never().remaining(now) == duration::max());
}

TEST_CASE("deadline: after() with a timeout that overflows the clock is never()", "[runtime][time]") {
  const auto timeout = GENERATE(values<duration>({duration::max(), duration::max() - 1s, time_point::max() - now}));
  CHECK(deadline::after(now, timeout).is_never());
}

TEST_CASE("deadline: after() with a timeout of zero or less has already expired", "[runtime][time]") {
  CHECK(deadline::after(now, 0ns).expired(now));
  CHECK(deadline::after(now, -1s).expired(now));
}

TEST_CASE("derive_deadline: returns the earlier of the timeout and the caller's deadline less the reserve",
          "[runtime][time]") {
  struct row {
    duration caller_remaining;
    duration timeout;
    duration reserve;
    duration expected;
  };
  const auto test_case = GENERATE(row{10s, 2s, 10ms, 2s},     // the timeout is earlier
                                  row{1s, 2s, 10ms, 990ms},   // the caller's deadline is earlier
                                  row{2s, 2s, 10ms, 1990ms},  // the reserve makes the caller's deadline earlier
                                  row{5ms, 2s, 10ms, 0ns},    // the remaining time is less than the reserve
                                  row{-1s, 2s, 10ms, 0ns},    // the caller's deadline has expired
                                  row{1s, duration::max(), 0ns, 1s});  // no timeout
  CHECK(derive_deadline(deadline{now + test_case.caller_remaining}, now, test_case.timeout, test_case.reserve)
            .remaining(now) == test_case.expected);
}

TEST_CASE("derive_deadline: returns the timeout if the caller has no deadline", "[runtime][time]") {
  CHECK(derive_deadline(deadline::never(), now, 2s, 10ms) == deadline{now + 2s});
  CHECK(derive_deadline(deadline::never(), now, duration::max(), 10ms).is_never());
}

}  // namespace
}  // namespace cohort

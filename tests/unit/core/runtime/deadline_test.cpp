#include "core/runtime/deadline.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>

namespace cohort {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};

TEST_CASE("A deadline counts down to zero and no further") {
  const deadline limit = deadline::after(now, 100ms);
  CHECK(limit.remaining(now) == 100ms);
  CHECK(limit.remaining(now + 40ms) == 60ms);
  CHECK(limit.remaining(now + 100ms) == 0ns);
  CHECK(limit.remaining(now + 1h) == 0ns);
}

TEST_CASE("A deadline has expired from its very moment on") {
  const deadline limit{now};
  CHECK_FALSE(limit.expired(now - 1ns));
  CHECK(limit.expired(now));
  CHECK(limit.expired(now + 1ns));
}

TEST_CASE("Never is later than every other deadline and does not expire") {
  CHECK(deadline{} == deadline::never());
  CHECK(deadline::never().is_never());
  CHECK(deadline::never() > deadline::after(now, 24h * 365));
  CHECK_FALSE(deadline::never().expired(now + 24h * 365 * 100));
  CHECK(deadline::never().remaining(now) == duration::max());
}

TEST_CASE("A span too long for the clock means never, not the past") {
  const auto span = GENERATE(values<duration>({duration::max(), duration::max() - 1s, time_point::max() - now}));
  CHECK(deadline::after(now, span).is_never());
}

TEST_CASE("A span of nothing or less has expired at once") {
  CHECK(deadline::after(now, 0ns).expired(now));
  CHECK(deadline::after(now, -1s).expired(now));
}

TEST_CASE("A call gets its own limit or what the caller has left less the reserve, whichever is less") {
  struct row {
    duration left;
    duration limit;
    duration reserve;
    duration given;
  };
  const auto each = GENERATE(row{10s, 2s, 10ms, 2s},              // its own limit is the shorter
                             row{1s, 2s, 10ms, 990ms},            // the caller's time is the shorter
                             row{2s, 2s, 10ms, 1990ms},           // the reserve decides
                             row{5ms, 2s, 10ms, 0ns},             // too little left to reserve from
                             row{-1s, 2s, 10ms, 0ns},             // the caller's time has passed
                             row{1s, duration::max(), 0ns, 1s});  // no limit of its own
  CHECK(budget_for(deadline{now + each.left}, now, each.limit, each.reserve).remaining(now) == each.given);
}

TEST_CASE("A caller without a deadline leaves the call its own limit, unreserved") {
  CHECK(budget_for(deadline::never(), now, 2s, 10ms) == deadline{now + 2s});
  CHECK(budget_for(deadline::never(), now, duration::max(), 10ms).is_never());
}

}  // namespace
}  // namespace cohort

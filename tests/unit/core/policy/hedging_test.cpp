#include "core/policy/hedging.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::hedging;

constexpr time_point start{1h};

/// `count` answers, one in ten of them slow.
hedging after(int count, hedging::settings how = {}) {
  hedging hedge{how};
  for (int i = 0; i < count; ++i) hedge.record(i % 10 == 9 ? 200ms : 20ms, start);
  return hedge;
}

bool is_about(std::optional<duration> got, duration wanted) {
  return got && *got >= wanted && *got <= wanted * 119 / 100;
}

TEST_CASE("A second request goes out when the first takes longer than nearly all do") {
  auto hedge = after(100);
  CHECK(is_about(hedge.delay(1s, start), 200ms));
  auto sooner = after(100, {.quantile = 0.9});
  CHECK(is_about(sooner.delay(1s, start), 20ms));
}

TEST_CASE("Nobody knows what is usual after a few answers") {
  auto few = after(19);
  CHECK_FALSE(few.delay(1h, start).has_value());
  CHECK(few.usual(start) == 0s);
  auto enough = after(20);
  CHECK(enough.delay(1h, start).has_value());
  CHECK(is_about(enough.usual(start), 20ms));
  CHECK_FALSE(enough.delay(1h, start + 1min).has_value());
  CHECK(enough.usual(start + 1min) == 0s);
}

TEST_CASE("There is no second request where it would not be answered in time") {
  auto hedge = after(100);
  const auto needed = *hedge.delay(1h, start) + hedge.usual(start);
  CHECK(hedge.delay(needed, start).has_value());
  CHECK_FALSE(hedge.delay(needed - 1ns, start).has_value());
  CHECK_FALSE(hedge.delay(0s, start).has_value());
  CHECK_FALSE(hedge.delay(-1s, start).has_value());
}

TEST_CASE("However quick the answers are, the second request waits for some milliseconds") {
  hedging hedge{{}};
  for (int i = 0; i < 20; ++i) hedge.record(100us, start);
  CHECK(hedge.delay(1s, start) == 5ms);
  CHECK(is_about(hedge.usual(start), 100us));
  CHECK(hedge.delay(5ms + hedge.usual(start), start) == 5ms);
  CHECK_FALSE(hedge.delay(5ms, start).has_value());
}

TEST_CASE("Switched off, there is no second request, but what is usual is known") {
  auto hedge = after(100, {.enabled = false});
  CHECK_FALSE(hedge.delay(1h, start).has_value());
  CHECK(is_about(hedge.usual(start), 20ms));
}

}  // namespace
}  // namespace cohort

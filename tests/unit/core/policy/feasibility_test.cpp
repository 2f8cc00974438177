#include "core/policy/feasibility.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::feasibility;

constexpr time_point start{1h};

feasibility after(int count, duration took) {
  feasibility door;
  for (int i = 0; i < count; ++i) door.record(took, start);
  return door;
}

TEST_CASE("What has less time left than the median takes is not worth starting") {
  auto door = after(20, 100ms);
  const auto needed = door.shortfall(10ms, start);
  REQUIRE(needed.has_value());
  // Never more than the median is: whoever could be in time is not refused.
  CHECK(*needed <= 100ms);
  CHECK(*needed >= 84ms);
  CHECK(door.shortfall(*needed - 1ns, start) == needed);
  CHECK_FALSE(door.shortfall(*needed, start).has_value());
  CHECK_FALSE(door.shortfall(1h, start).has_value());
  CHECK(door.shortfall(0s, start) == needed);
}

TEST_CASE("A few slow ones shut nobody out") {
  auto door = after(60, 1ms);
  for (int i = 0; i < 40; ++i) door.record(10s, start);
  CHECK_FALSE(door.shortfall(10ms, start).has_value());
}

TEST_CASE("Nor do a few quick ones let anybody in") {
  auto door = after(60, 10s);
  for (int i = 0; i < 40; ++i) door.record(1ms, start);
  CHECK(door.shortfall(1s, start).has_value());
}

TEST_CASE("Where little is known everything is worth starting") {
  auto door = after(19, 10s);
  CHECK_FALSE(door.shortfall(1ns, start).has_value());
  door.record(10s, start);
  CHECK(door.shortfall(1ns, start).has_value());
  feasibility quick{3};
  for (int i = 0; i < 3; ++i) quick.record(10s, start);
  CHECK(quick.shortfall(1ns, start).has_value());
}

TEST_CASE("A slow spell shuts the door for ten seconds at most") {
  auto door = after(1000, 10s);
  CHECK(door.shortfall(1s, start + 4s).has_value());
  CHECK_FALSE(door.shortfall(1s, start + 10s).has_value());
}

}  // namespace
}  // namespace cohort

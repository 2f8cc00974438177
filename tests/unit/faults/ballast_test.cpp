// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/ballast.hpp>

#include <catch2/catch_test_macros.hpp>
#include <limits>

#include <cohort/runtime/time/virtual_time.hpp>

namespace cohort::faults {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

TEST_CASE("ballast: memory becomes resident in small chunks", "[faults][ballast]") {
  virtual_time time;
  ballast memory{time.event_loop()};
  REQUIRE(memory.resize(10 * mebibyte));
  CHECK(memory.resident_bytes() == 0);
  std::size_t chunk_count = 0;
  for (std::size_t previous = 0; memory.resident_bytes() < 10 * mebibyte; previous = memory.resident_bytes()) {
    time.run_for(std::chrono::milliseconds{1});
    CHECK(memory.resident_bytes() > previous);
    CHECK(memory.resident_bytes() - previous <= 8 * mebibyte);
    REQUIRE(++chunk_count < 100);
  }
  CHECK(chunk_count > 1);
  CHECK(memory.resident_bytes() == 10 * mebibyte);
  CHECK(time.event_loop().timers().armed_count() == 0);
}

TEST_CASE("ballast: resize keeps a ballast of the same size and replaces a ballast of another size",
          "[faults][ballast]") {
  virtual_time time;
  ballast memory{time.event_loop()};
  REQUIRE(memory.resize(3 * mebibyte));
  time.run_until_idle();
  REQUIRE(memory.resize(3 * mebibyte));
  CHECK(memory.resident_bytes() == 3 * mebibyte);
  REQUIRE(memory.resize(5 * mebibyte));
  CHECK(memory.resident_bytes() == 0);
  REQUIRE(memory.resize(0));
  CHECK(time.event_loop().timers().armed_count() == 0);
  time.run_until_idle();
  CHECK(memory.resident_bytes() == 0);
}

TEST_CASE("ballast: resize returns false and does not allocate if there is insufficient memory", "[faults][ballast]") {
  virtual_time time;
  ballast memory{time.event_loop()};
  CHECK_FALSE(memory.resize(std::numeric_limits<std::size_t>::max() / 2));
  time.run_until_idle();
  CHECK(memory.resident_bytes() == 0);
  CHECK(memory.resize(mebibyte));
}

}  // namespace
}  // namespace cohort::faults

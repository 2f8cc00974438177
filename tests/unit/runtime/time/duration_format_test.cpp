// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include <cohort/runtime/time/duration_format.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("duration format: a duration has at most three significant digits", "[runtime]") {
  CHECK(format_duration(0s) == "0 µs");
  CHECK(format_duration(412us) == "412 µs");
  CHECK(format_duration(999'600ns) == "1 ms");
  CHECK(format_duration(4130us) == "4.1 ms");
  CHECK(format_duration(41ms) == "41 ms");
  CHECK(format_duration(999'600us) == "1 s");
  CHECK(format_duration(2049ms) == "2.05 s");
  CHECK(format_duration(5s) == "5 s");
  CHECK(format_duration(12'340ms) == "12.3 s");
  CHECK(format_duration(190s) == "3 min 10 s");
}

TEST_CASE("duration format: a coarse duration is formatted with its two largest units", "[runtime]") {
  CHECK(format_coarse_duration(-5s) == "0 s");
  CHECK(format_coarse_duration(999ms) == "0 s");
  CHECK(format_coarse_duration(306s) == "5 min 6 s");
  CHECK(format_coarse_duration(3600s) == "1 h");
  CHECK(format_coarse_duration(76h + 12min) == "3 d 4 h");
  // The second unit is always the next smaller unit.
  CHECK(format_coarse_duration(24h + 5min) == "1 d");
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include <cohort/sim/cpu/core_pauses.hpp>

using namespace cohort;
using namespace std::chrono_literals;
using Catch::Matchers::WithinRel;

TEST_CASE("core pauses: a core without pauses is idle when its work ends", "[sim][cpu]") {
  sim::pause_sequence pauses{{}, 1, time_point{}};
  CHECK(pauses.apply_pauses(time_point{1h}, time_point{5s}) == time_point{5s});
}

TEST_CASE("core pauses: the fraction of time in pauses is the rate of the pauses times their mean length",
          "[sim][cpu]") {
  sim::pause_sequence pauses{{10, sim::distribution::constant(5ms)}, 1, time_point{}};
  time_point busy_until{};
  int paused = 0;
  constexpr int samples = 1'000'000;
  for (int i = 0; i < samples; ++i) {
    const auto now = time_point{1ms * i};
    busy_until = pauses.apply_pauses(now, busy_until);
    if (busy_until > now) ++paused;
  }
  CHECK_THAT(static_cast<double>(paused) / samples, WithinRel(0.05, 0.05));
}

TEST_CASE("core pauses: a pause extends the work that it interrupts", "[sim][cpu]") {
  sim::pause_sequence pauses{{1000, sim::distribution::constant(1ms)}, 1, time_point{}};
  // The first pause starts long before 1 s; the work ends later.
  CHECK(pauses.apply_pauses(time_point{0s}, time_point{10s}) == time_point{10s});
  const auto idle_start = pauses.apply_pauses(time_point{1s}, time_point{10s});
  CHECK(idle_start > time_point{10s + 800ms});
  CHECK(idle_start < time_point{10s + 1200ms});
}

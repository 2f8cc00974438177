// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/provider_health.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using weather::failure_kind;
using weather::provider_failure;
using weather::provider_health;

const provider_failure unreachable{failure_kind::provider_unreachable, "connect"};
const provider_failure failed{failure_kind::request_failed, "status 500"};
constexpr time_point start{1h};

TEST_CASE("provider health: an unreachable provider is in a cooldown immediately", "[services][weather]") {
  provider_health health;
  CHECK(health.cooldown(start) == 0s);
  health.record_failure(unreachable, "paris", start);
  CHECK(health.cooldown(start) == 5s);
  CHECK(health.cooldown(start + 5s) == 0s);
  CHECK(health.cooldown_error() == "connect");
}

TEST_CASE("provider health: the cooldown doubles up to a minute", "[services][weather]") {
  provider_health health;
  auto now = start;
  for (const duration expected : {5s, 10s, 20s, 40s, 60s, 60s}) {
    health.record_failure(unreachable, "paris", now);
    CHECK(health.cooldown(now) == expected);
    now += expected;
  }
}

TEST_CASE("provider health: failures for one or two locations start no cooldown", "[services][weather]") {
  provider_health health;
  for (int i = 0; i < 100; ++i) {
    health.record_failure(failed, "paris", start);
    health.record_failure(failed, "rome", start);
  }
  CHECK(health.cooldown(start) == 0s);
}

TEST_CASE("provider health: failures for three locations start a cooldown", "[services][weather]") {
  provider_health health;
  for (const auto* location : {"paris", "rome", "london"}) health.record_failure(failed, location, start);
  CHECK(health.cooldown(start) == 5s);
  CHECK(health.cooldown_error() == "status 500");
  health.record_failure(failed, "paris", start + 5s);
  CHECK(health.cooldown(start + 5s) == 10s);
}

TEST_CASE("provider health: any response ends the cooldown and resets the counts", "[services][weather]") {
  const bool is_unknown_location = GENERATE(true, false);
  provider_health health;
  for (const auto* location : {"paris", "rome", "london"}) health.record_failure(failed, location, start);
  if (is_unknown_location) {
    health.record_failure(weather::unknown_location(), "xyzzy", start);
  } else {
    health.record_response();
  }
  CHECK(health.cooldown(start) == 0s);
  health.record_failure(failed, "paris", start);
  health.record_failure(failed, "rome", start);
  CHECK(health.cooldown(start) == 0s);
  health.record_failure(unreachable, "rome", start);
  CHECK(health.cooldown(start) == 5s);
}

TEST_CASE("provider health: an invalid response has no effect", "[services][weather]") {
  provider_health health;
  for (const auto* location : {"a", "b", "c", "d"}) {
    health.record_failure(weather::invalid_response(), location, start);
  }
  CHECK(health.cooldown(start) == 0s);
  health.record_failure(unreachable, "a", start);
  health.record_failure(weather::invalid_response(), "a", start);
  CHECK(health.cooldown(start) == 5s);
}

TEST_CASE("provider health: failures during a cooldown do not extend it", "[services][weather]") {
  provider_health health;
  health.record_failure(unreachable, "paris", start);
  health.record_failure(unreachable, "paris", start + 4s);
  CHECK(health.cooldown(start + 4s) == 1s);
  health.record_failure(unreachable, "paris", start + 5s);
  CHECK(health.cooldown(start + 5s) == 10s);
}

}  // namespace
}  // namespace cohort

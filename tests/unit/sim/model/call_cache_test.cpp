// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/unit/sim/scenario_run.hpp"

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

/// 100 requests per second for a value that takes 100 ms to fetch; the offers service fails from second 3 on.
plan_run run_with_cache(const std::string& cache, std::size_t scenario = 0) {
  const auto plan = parse_plan(R"({
    "services": [
      {"name": "offers", "latency": "100ms"},
      {"name": "shop", "threads": 2, "cores": 2,
       "calls": [{"to": "offers", "policy": "attempts=1,hedge=off,breaker=off", "cache": )" +
                               cache + R"(}]}
    ],
    "load": {"service": "shop", "rate": 100, "length": "6s", "patience": "2s"},
    "scenarios": [
      {"name": "no fault", "faults": []},
      {"name": "failure", "faults": [{"at": "3s", "lasts": "3s", "service": "offers", "failure_ratio": 1}]}
    ]
  })");
  REQUIRE(plan.has_value());
  return test::run_scenario(*plan, scenario);
}

std::size_t count_slow_calls(const plan_run& run) {
  return static_cast<std::size_t>(std::count_if(run.callers.ended.begin(), run.callers.ended.end(),
                                                [](const auto& call) { return call.elapsed > 20ms; }));
}

TEST_CASE("call cache: with single flight, one request per period fetches the value and the others wait",
          "[sim][plan]") {
  const auto run = run_with_cache(R"({"ttl": "1s"})");
  CHECK(run.goodput() == 1);
  CHECK(run.requests.at("offers") == 6);
  // The fetch takes 100 ms of each 1.1 s.
  CHECK_THAT(static_cast<double>(count_slow_calls(run)) / static_cast<double>(run.callers.calls()),
             WithinAbs(0.09, 0.03));
}

TEST_CASE("call cache: without single flight, each request without a cached value fetches the value", "[sim][plan]") {
  const auto run = run_with_cache(R"({"ttl": "1s", "single_flight": false})");
  CHECK(run.goodput() == 1);
  // About ten requests arrive while the first request waits.
  CHECK(run.requests.at("offers") > 40);
  CHECK(run.requests.at("offers") < 80);
}

TEST_CASE("call cache: a stale value is used while it is revalidated", "[sim][plan]") {
  const auto run = run_with_cache(R"({"ttl": "1s", "stale_while_revalidate": "1s"})");
  CHECK(run.requests.at("offers") == 6);
  // Only requests before the first value fetch a value.
  CHECK(count_slow_calls(run) < 20);
}

TEST_CASE("call cache: a stale value is used after a failure, for at most stale_if_error", "[sim][plan]") {
  const auto run_without_stale_values = run_with_cache(R"({"ttl": "1s"})", 1);
  CHECK(run_without_stale_values.goodput() < 0.7);
  const auto run_with_stale_values = run_with_cache(R"({"ttl": "1s", "stale_if_error": "1min"})", 1);
  CHECK(run_with_stale_values.goodput() == 1);
  const auto run_with_short_limit = run_with_cache(R"({"ttl": "1s", "stale_if_error": "1s"})", 1);
  CHECK(run_with_short_limit.goodput() > run_without_stale_values.goodput() + 0.1);
  CHECK(run_with_short_limit.goodput() < 0.9);
}

TEST_CASE("call cache: an invalid cache setting is rejected with one line", "[sim][plan]") {
  const auto [cache, reason] = GENERATE(table<const char*, const char*>({
      {R"({"ttl": "0s"})", "services[0].calls[0].cache.ttl must be longer than 0"},
      {R"({"ttl": "1"})", R"(services[0].calls[0].cache.ttl is "1", but must be a duration)"},
      {R"({"ttl": "1s", "stale_if_error": "x"})", R"(cache.stale_if_error is "x", but must be a duration)"},
      {R"({"max_age": "1s"})", "max_age"},
  }));
  const auto plan = parse_plan(R"({"services": [{"name": "a", "calls": [{"to": "a", "cache": )" + std::string{cache} +
                               R"(}]}], "load": {"service": "a", "rate": 1, "length": "1s"}})");
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error(), ContainsSubstring(reason));
}

}  // namespace
}  // namespace cohort::sim

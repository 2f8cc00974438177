// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_settings.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("upstream policy: a key sets one value and does not change the other values", "[http][upstream]") {
  http::upstream_settings base;
  base.timeout = 3s;
  const auto policy = http::upstream_policy(base).parse(
      "timeout=250ms, attempts=1,budget=10%,hedge=p90 ,breaker=75%,open=2s,in-flight=7");
  REQUIRE(policy);
  CHECK(policy->timeout == 250ms);
  CHECK(policy->retry.max_attempts == 1);
  CHECK(policy->budget.ratio == 0.1);
  CHECK(policy->hedging.is_enabled);
  CHECK(policy->hedging.quantile == 0.9);
  CHECK(policy->breaker.failure_ratio == 0.75);
  CHECK(policy->breaker.base_open_time == 2s);
  CHECK(policy->max_in_flight == 7);

  const auto disabled_policies = http::upstream_policy(base).parse("hedge=off,breaker=off");
  REQUIRE(disabled_policies);
  CHECK(disabled_policies->timeout == 3s);
  CHECK(disabled_policies->retry.max_attempts == base.retry.max_attempts);
  CHECK_FALSE(disabled_policies->hedging.is_enabled);
  CHECK(disabled_policies->breaker.min_calls == 0);
}

TEST_CASE("upstream policy: a failure ratio enables a disabled breaker", "[http][upstream]") {
  http::upstream_settings base;
  base.breaker.min_calls = 0;
  CHECK(http::upstream_policy(base).parse("breaker=50%")->breaker.min_calls > 0);
  CHECK(http::upstream_policy({}).parse("breaker=off,breaker=90%")->breaker.min_calls > 0);
}

TEST_CASE("upstream policy: the maximum open time is at least the base open time", "[http][upstream]") {
  const auto policy = http::upstream_policy({}).parse("open=300s");
  REQUIRE(policy);
  CHECK(policy->breaker.max_open_time == 300s);
}

TEST_CASE("upstream policy: an invalid policy is rejected", "[http][upstream]") {
  const auto* text = GENERATE("timeout", "timeout=", "timeout=3", "timeout=0s", "timeout=-1s", "timeout=3m",
                              "timeout=3601s", "attempts=0", "attempts=11", "attempts=two", "budget=20", "budget=101%",
                              "budget=-1%", "hedge=on", "hedge=p49", "hedge=p100", "hedge=95", "breaker=on",
                              "breaker=0%", "open=0ms", "in-flight=0", "in-flight=100001", "retries=3", "=3",
                              "attempts=2;hedge=off", "attempts=2,,hedge=off", "attempts=9999999999999999999999");
  CAPTURE(text);
  CHECK_FALSE(http::upstream_policy({}).parse(text).has_value());
}

}  // namespace
}  // namespace cohort

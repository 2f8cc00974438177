#include "core/http/upstream_settings.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;

TEST_CASE("An upstream's policy is read from a list; what is not named stays") {
  http::upstream_settings base;
  base.limit = 3s;
  const auto all = http::upstream_policy(base).parse(
      "timeout=250ms, attempts=1,budget=10%,hedge=p90 ,breaker=75%,open=2s,in-flight=7");
  REQUIRE(all);
  CHECK(all->limit == 250ms);
  CHECK(all->retry.most_attempts == 1);
  CHECK(all->budget.ratio == 0.1);
  CHECK(all->hedge.enabled);
  CHECK(all->hedge.quantile == 0.9);
  CHECK(all->breaker.failure_ratio == 0.75);
  CHECK(all->breaker.first_open == 2s);
  CHECK(all->most_in_flight == 7);

  const auto none = http::upstream_policy(base).parse("hedge=off,breaker=off");
  REQUIRE(none);
  CHECK(none->limit == 3s);
  CHECK(none->retry.most_attempts == base.retry.most_attempts);
  CHECK_FALSE(none->hedge.enabled);
  CHECK(none->breaker.least_outcomes == 0);
}

TEST_CASE("A breaker that was off is on again once it is given a share") {
  http::upstream_settings base;
  base.breaker.least_outcomes = 0;
  CHECK(http::upstream_policy(base).parse("breaker=50%")->breaker.least_outcomes > 0);
  CHECK(http::upstream_policy({}).parse("breaker=off,breaker=90%")->breaker.least_outcomes > 0);
}

TEST_CASE("A breaker that opens for longer than usual has no shorter longest time") {
  const auto read = http::upstream_policy({}).parse("open=300s");
  REQUIRE(read);
  CHECK(read->breaker.longest_open == 300s);
}

TEST_CASE("A policy that says something else is refused as a whole") {
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

#include "core/policy/retry.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace policy;

constexpr time_point start{1h};

retry_budget empty_budget() { return retry_budget{{.ratio = 0, .per_second = 0}}; }
retry_budget ample_budget() { return retry_budget{{.ratio = 0, .per_second = 1e6}}; }

/// One that is worth another try.
failed_attempt lost_get() {
  return {.how = attempt_failure::lost, .idempotent = true, .attempts = 1, .time_left = 5s, .time_needed = 100ms};
}

retry_decision decide(const failed_attempt& what, std::uint64_t seed = 1) {
  auto budget = ample_budget();
  random_source random{seed};
  return decide_retry({}, what, budget, start, random);
}

struct pauses {
  duration least;
  duration most;
  duration mean;
};

pauses many_pauses(const failed_attempt& what, const retry_settings& how = {}) {
  auto budget = ample_budget();
  random_source random{7};
  pauses seen{.least = 24h, .most = 0s, .mean = 0s};
  constexpr int times = 10'000;
  for (int i = 0; i < times; ++i) {
    const auto decision = decide_retry(how, what, budget, start, random);
    REQUIRE(decision.verdict == retry_verdict::again);
    seen.least = std::min(seen.least, decision.pause);
    seen.most = std::max(seen.most, decision.pause);
    seen.mean += decision.pause / times;
  }
  return seen;
}

bool is_about(duration got, duration wanted) { return std::chrono::abs(got - wanted) <= wanted / 20; }

TEST_CASE("What may have been acted on is sent again only if that does no harm") {
  const auto [how, idempotent, verdict] = GENERATE(table<attempt_failure, bool, retry_verdict>({
      {attempt_failure::not_sent, true, retry_verdict::again},
      {attempt_failure::not_sent, false, retry_verdict::again},
      {attempt_failure::lost, true, retry_verdict::again},
      {attempt_failure::lost, false, retry_verdict::not_safe},
      {attempt_failure::turned_away, true, retry_verdict::again},
      {attempt_failure::turned_away, false, retry_verdict::not_safe},
  }));
  auto what = lost_get();
  what.how = how;
  what.idempotent = idempotent;
  CHECK(decide(what).verdict == verdict);
}

TEST_CASE("Attempts are counted, the first included") {
  const auto [most, made, verdict] = GENERATE(table<unsigned, unsigned, retry_verdict>({
      {1, 1, retry_verdict::attempts_spent},
      {2, 1, retry_verdict::again},
      {2, 2, retry_verdict::attempts_spent},
      {3, 2, retry_verdict::again},
      {3, 3, retry_verdict::attempts_spent},
      {3, 4, retry_verdict::attempts_spent},
  }));
  auto what = lost_get();
  what.attempts = made;
  auto budget = ample_budget();
  random_source random{1};
  CHECK(decide_retry({.most_attempts = most}, what, budget, start, random).verdict == verdict);
}

TEST_CASE("No attempt is begun without the time that one usually takes") {
  using wait = std::optional<duration>;
  const auto [left, needed, retry_after, verdict] = GENERATE(table<duration, duration, wait, retry_verdict>({
      {100ms, 100ms, {}, retry_verdict::again},
      {100ms - 1ns, 100ms, {}, retry_verdict::no_time},
      {1ns, 0s, {}, retry_verdict::again},
      {0s, 0s, {}, retry_verdict::no_time},
      {-1s, 0s, {}, retry_verdict::no_time},
      {2100ms, 100ms, 2s, retry_verdict::again},
      {2100ms - 1ns, 100ms, 2s, retry_verdict::no_time},
      {2s, 0s, 2s, retry_verdict::no_time},
      {2s, 0s, 24h, retry_verdict::no_time},
  }));
  auto what = lost_get();
  what.time_left = left;
  what.time_needed = needed;
  what.retry_after = retry_after;
  CHECK(decide(what).verdict == verdict);
}

TEST_CASE("The pause is anything up to 25 ms, then twice as much with each attempt, at most 250 ms") {
  const auto [attempts, longest] =
      GENERATE(table<unsigned, duration>({{1, 25ms}, {2, 50ms}, {3, 100ms}, {4, 200ms}, {5, 250ms}, {60, 250ms}}));
  auto what = lost_get();
  what.attempts = attempts;
  const auto seen = many_pauses(what, {.most_attempts = 100});
  CHECK(seen.least <= longest / 100);
  CHECK(seen.most <= longest);
  CHECK(is_about(seen.most, longest));
  CHECK(is_about(seen.mean, longest / 2));
}

TEST_CASE("A Retry-After is never undercut; jitter comes on top") {
  auto what = lost_get();
  what.retry_after = 2s;
  const auto seen = many_pauses(what);
  CHECK(seen.least >= 2s);
  CHECK(seen.most <= 2025ms);
  CHECK(is_about(seen.mean - 2s, 12'500us));
}

TEST_CASE("Where little time is left, the jitter is cut rather than the attempt") {
  auto what = lost_get();
  what.time_left = 2110ms;
  what.retry_after = 2s;
  const auto seen = many_pauses(what);
  CHECK(seen.most <= 2010ms);
  CHECK(is_about(seen.mean - 2s, 5ms));
  what.time_left = 2100ms;
  CHECK(many_pauses(what).most == 2s);
}

TEST_CASE("An attempt more takes one of the budget") {
  retry_budget budget{{.ratio = 0, .per_second = 0.2}};  // two in ten seconds
  random_source random{1};
  CHECK(decide_retry({}, lost_get(), budget, start, random).verdict == retry_verdict::again);
  CHECK(decide_retry({}, lost_get(), budget, start, random).verdict == retry_verdict::again);
  const auto refused = decide_retry({}, lost_get(), budget, start, random);
  CHECK(refused.verdict == retry_verdict::no_budget);
  CHECK(refused.pause == 0s);
  CHECK(decide_retry({}, lost_get(), budget, start + 1min, random).verdict == retry_verdict::again);
}

TEST_CASE("What is not tried again takes nothing of the budget, and the first reason is told") {
  auto what = lost_get();
  what.idempotent = false;
  what.attempts = 3;
  what.time_left = 0s;
  random_source random{1};
  auto empty = empty_budget();
  CHECK(decide_retry({}, what, empty, start, random).verdict == retry_verdict::not_safe);
  what.idempotent = true;
  CHECK(decide_retry({}, what, empty, start, random).verdict == retry_verdict::attempts_spent);
  what.attempts = 1;
  CHECK(decide_retry({}, what, empty, start, random).verdict == retry_verdict::no_time);
  what.time_left = 5s;
  CHECK(decide_retry({}, what, empty, start, random).verdict == retry_verdict::no_budget);

  retry_budget one{{.ratio = 0, .per_second = 0.1}};
  auto late = lost_get();
  late.time_left = 0s;
  auto unsafe = lost_get();
  unsafe.idempotent = false;
  auto last = lost_get();
  last.attempts = 3;
  for (const auto& each : {late, unsafe, last}) decide_retry({}, each, one, start, random);
  CHECK(one.withdraw(start));
}

TEST_CASE("The verdicts have names") {
  const auto [verdict, name] = GENERATE(table<retry_verdict, std::string_view>({
      {retry_verdict::again, "again"},
      {retry_verdict::not_safe, "not_safe"},
      {retry_verdict::attempts_spent, "attempts"},
      {retry_verdict::no_time, "deadline"},
      {retry_verdict::no_budget, "budget"},
  }));
  CHECK(name_of(verdict) == name);
}

TEST_CASE("Retry-After is understood in whole seconds, up to a day") {
  using wait = std::optional<duration>;
  const auto [value, after] = GENERATE(table<std::string_view, wait>({
      {"0", 0s},
      {"1", 1s},
      {"120", 120s},
      {"0005", 5s},
      {"86400", 24h},
      {"86401", 24h},
      {"18446744073709551616", 24h},
      {"99999999999999999999999999999999999999999999", 24h},
      {"", {}},
      {" 1", {}},
      {"1 ", {}},
      {"+1", {}},
      {"-1", {}},
      {"1.5", {}},
      {"0x1", {}},
      {"99999999999999999999x", {}},
      {"Wed, 21 Oct 2015 07:28:00 GMT", {}},
  }));
  CAPTURE(value);
  CHECK(parse_retry_after(value) == after);
}

}  // namespace
}  // namespace cohort

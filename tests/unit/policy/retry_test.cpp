// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/retry.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace policy;

using test::start;

retry_budget empty_budget() { return retry_budget{{.ratio = 0, .min_per_second = 0}}; }
retry_budget large_budget() { return retry_budget{{.ratio = 0, .min_per_second = 1e6}}; }

/// Returns a failed attempt that can be retried.
failed_attempt retryable_attempt() {
  return {.failure = attempt_failure::connection_lost,
          .is_idempotent = true,
          .attempts = 1,
          .remaining_time = 5s,
          .expected_duration = 100ms};
}

retry_decision decide(const failed_attempt& attempt, std::uint64_t seed = 1) {
  auto budget = large_budget();
  random_generator random{seed};
  return decide_retry({}, attempt, budget, start, random);
}

struct delay_statistics {
  duration min;
  duration max;
  duration mean;
};

delay_statistics sample_delays(const failed_attempt& attempt, const retry_settings& settings = {}) {
  auto budget = large_budget();
  random_generator random{7};
  delay_statistics delays{.min = 24h, .max = 0s, .mean = 0s};
  constexpr int samples = 10'000;
  for (int i = 0; i < samples; ++i) {
    const auto decision = decide_retry(settings, attempt, budget, start, random);
    REQUIRE(decision.verdict == retry_verdict::retry);
    delays.min = std::min(delays.min, decision.delay);
    delays.max = std::max(delays.max, decision.delay);
    delays.mean += decision.delay / samples;
  }
  return delays;
}

bool is_approximately(duration actual, duration expected) {
  return std::chrono::abs(actual - expected) <= expected / 20;
}

TEST_CASE("retry: a request that may have been processed is retried only if idempotent", "[policy][retry]") {
  const auto [failure, is_idempotent, verdict] = GENERATE(table<attempt_failure, bool, retry_verdict>({
      {attempt_failure::not_sent, true, retry_verdict::retry},
      {attempt_failure::not_sent, false, retry_verdict::retry},
      {attempt_failure::connection_lost, true, retry_verdict::retry},
      {attempt_failure::connection_lost, false, retry_verdict::not_idempotent},
      {attempt_failure::retryable_status, true, retry_verdict::retry},
      {attempt_failure::retryable_status, false, retry_verdict::not_idempotent},
  }));
  auto attempt = retryable_attempt();
  attempt.failure = failure;
  attempt.is_idempotent = is_idempotent;
  CHECK(decide(attempt).verdict == verdict);
}

TEST_CASE("retry: max_attempts includes the first attempt", "[policy][retry]") {
  const auto [max_attempts, attempts, verdict] = GENERATE(table<unsigned, unsigned, retry_verdict>({
      {1, 1, retry_verdict::attempts_exhausted},
      {2, 1, retry_verdict::retry},
      {2, 2, retry_verdict::attempts_exhausted},
      {3, 2, retry_verdict::retry},
      {3, 3, retry_verdict::attempts_exhausted},
      {3, 4, retry_verdict::attempts_exhausted},
  }));
  auto attempt = retryable_attempt();
  attempt.attempts = attempts;
  auto budget = large_budget();
  random_generator random{1};
  CHECK(decide_retry({.max_attempts = max_attempts}, attempt, budget, start, random).verdict == verdict);
}

TEST_CASE("retry: there is no retry if the remaining time is less than the expected duration", "[policy][retry]") {
  using optional_duration = std::optional<duration>;
  const auto [remaining_time, expected_duration, retry_after, verdict] =
      GENERATE(table<duration, duration, optional_duration, retry_verdict>({
          {100ms, 100ms, {}, retry_verdict::retry},
          {100ms - 1ns, 100ms, {}, retry_verdict::deadline_too_close},
          {1ns, 0s, {}, retry_verdict::retry},
          {0s, 0s, {}, retry_verdict::deadline_too_close},
          {-1s, 0s, {}, retry_verdict::deadline_too_close},
          {2100ms, 100ms, 2s, retry_verdict::retry},
          {2100ms - 1ns, 100ms, 2s, retry_verdict::deadline_too_close},
          {2s, 0s, 2s, retry_verdict::deadline_too_close},
          {2s, 0s, 24h, retry_verdict::deadline_too_close},
      }));
  auto attempt = retryable_attempt();
  attempt.remaining_time = remaining_time;
  attempt.expected_duration = expected_duration;
  attempt.retry_after = retry_after;
  CHECK(decide(attempt).verdict == verdict);
}

TEST_CASE("retry: the delay is uniform up to a bound, which doubles per attempt from 25 ms to 250 ms",
          "[policy][retry]") {
  const auto [attempts, max_delay] =
      GENERATE(table<unsigned, duration>({{1, 25ms}, {2, 50ms}, {3, 100ms}, {4, 200ms}, {5, 250ms}, {60, 250ms}}));
  auto attempt = retryable_attempt();
  attempt.attempts = attempts;
  const auto delays = sample_delays(attempt, {.max_attempts = 100});
  CHECK(delays.min <= max_delay / 100);
  CHECK(delays.max <= max_delay);
  CHECK(is_approximately(delays.max, max_delay));
  CHECK(is_approximately(delays.mean, max_delay / 2));
}

TEST_CASE("retry: the delay is Retry-After plus jitter", "[policy][retry]") {
  auto attempt = retryable_attempt();
  attempt.retry_after = 2s;
  const auto delays = sample_delays(attempt);
  CHECK(delays.min >= 2s);
  CHECK(delays.max <= 2025ms);
  CHECK(is_approximately(delays.mean - 2s, 12'500us));
}

TEST_CASE("retry: jitter is reduced so that the expected duration remains before the deadline", "[policy][retry]") {
  auto attempt = retryable_attempt();
  attempt.remaining_time = 2110ms;
  attempt.retry_after = 2s;
  const auto delays = sample_delays(attempt);
  CHECK(delays.max <= 2010ms);
  CHECK(is_approximately(delays.mean - 2s, 5ms));
  attempt.remaining_time = 2100ms;
  CHECK(sample_delays(attempt).max == 2s);
}

TEST_CASE("retry: a retry makes one withdrawal from the budget", "[policy][retry]") {
  retry_budget budget{{.ratio = 0, .min_per_second = 0.2}};  // permits two retries in ten seconds
  random_generator random{1};
  CHECK(decide_retry({}, retryable_attempt(), budget, start, random).verdict == retry_verdict::retry);
  CHECK(decide_retry({}, retryable_attempt(), budget, start, random).verdict == retry_verdict::retry);
  const auto rejected_decision = decide_retry({}, retryable_attempt(), budget, start, random);
  CHECK(rejected_decision.verdict == retry_verdict::budget_exhausted);
  CHECK(rejected_decision.delay == 0s);
  CHECK(decide_retry({}, retryable_attempt(), budget, start + 1min, random).verdict == retry_verdict::retry);
}

TEST_CASE("retry: a rejected retry does not change the budget and returns the first reason", "[policy][retry]") {
  auto attempt = retryable_attempt();
  attempt.is_idempotent = false;
  attempt.attempts = 3;
  attempt.remaining_time = 0s;
  random_generator random{1};
  auto empty = empty_budget();
  CHECK(decide_retry({}, attempt, empty, start, random).verdict == retry_verdict::not_idempotent);
  attempt.is_idempotent = true;
  CHECK(decide_retry({}, attempt, empty, start, random).verdict == retry_verdict::attempts_exhausted);
  attempt.attempts = 1;
  CHECK(decide_retry({}, attempt, empty, start, random).verdict == retry_verdict::deadline_too_close);
  attempt.remaining_time = 5s;
  CHECK(decide_retry({}, attempt, empty, start, random).verdict == retry_verdict::budget_exhausted);

  retry_budget budget_of_one{{.ratio = 0, .min_per_second = 0.1}};
  auto late_attempt = retryable_attempt();
  late_attempt.remaining_time = 0s;
  auto not_idempotent = retryable_attempt();
  not_idempotent.is_idempotent = false;
  auto last_attempt = retryable_attempt();
  last_attempt.attempts = 3;
  for (const auto& candidate : {late_attempt, not_idempotent, last_attempt})
    decide_retry({}, candidate, budget_of_one, start, random);
  CHECK(budget_of_one.withdraw(start));
}

TEST_CASE("retry: to_string returns the name of each verdict", "[policy][retry]") {
  const auto [verdict, name] = GENERATE(table<retry_verdict, std::string_view>({
      {retry_verdict::retry, "again"},
      {retry_verdict::not_idempotent, "not_safe"},
      {retry_verdict::attempts_exhausted, "attempts"},
      {retry_verdict::deadline_too_close, "deadline"},
      {retry_verdict::budget_exhausted, "budget"},
  }));
  CHECK(to_string(verdict) == name);
}

TEST_CASE("retry: Retry-After is parsed as whole seconds, up to one day", "[policy][retry]") {
  using optional_duration = std::optional<duration>;
  const auto [value, expected] = GENERATE(table<std::string_view, optional_duration>({
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
  CHECK(parse_retry_after(value) == expected);
}

}  // namespace
}  // namespace cohort

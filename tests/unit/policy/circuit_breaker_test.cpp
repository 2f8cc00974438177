// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/circuit_breaker.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <deque>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::circuit_breaker;
using permission = circuit_breaker::permission;
using outcome = circuit_breaker::outcome;
using state = circuit_breaker::state;

using test::start;

/// The window is smaller than the default, to keep the sequences of calls short.
constexpr circuit_breaker::settings small_window{.min_calls = 5, .max_calls = 20};

class circuit_breaker_fixture {
 public:
  explicit circuit_breaker_fixture(circuit_breaker::settings settings = small_window) : breaker(settings) {}

  void call(outcome result, time_point now) {
    REQUIRE(breaker.try_acquire(now) == permission::normal);
    breaker.record(permission::normal, result, now, random);
  }
  void calls(int count, outcome result, time_point now) {
    for (int i = 0; i < count; ++i) call(result, now);
  }
  void probe(outcome result, time_point now) {
    REQUIRE(breaker.try_acquire(now) == permission::probe);
    breaker.record(permission::probe, result, now, random);
  }
  /// Opens the breaker with five failures.
  void open(time_point now) {
    calls(5, outcome::failure, now);
    REQUIRE(breaker.current_state() == state::open);
  }

  circuit_breaker breaker;
  random_generator random{1};
};

TEST_CASE("circuit breaker: opens if at least min_calls are recorded and the failure ratio is reached",
          "[policy][circuit_breaker]") {
  struct row {
    int successes;
    int failures;
    state after;
  };
  const auto row = GENERATE(values<struct row>({
      {0, 4, state::closed},
      {0, 5, state::open},
      {1, 8, state::closed},
      {1, 9, state::open},
      {2, 17, state::closed},
      {2, 18, state::open},
      {3, 17, state::closed},
      {3, 18, state::open},  // the first success is no longer among the last 20
  }));
  circuit_breaker_fixture fixture;
  fixture.calls(row.successes, outcome::success, start);
  fixture.calls(row.failures, outcome::failure, start);
  CHECK(fixture.breaker.current_state() == row.after);
}

TEST_CASE("circuit breaker: only a failure opens the breaker", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture{{.min_calls = 5, .max_calls = 20, .failure_ratio = 0.5}};
  fixture.calls(4, outcome::failure, start);
  fixture.call(outcome::success, start);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::open);
}

TEST_CASE("circuit breaker: a failure ratio that is inexact as a double is still reached",
          "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture{{.min_calls = 25, .max_calls = 20, .failure_ratio = 0.56}};
  fixture.calls(11, outcome::success, start);
  fixture.calls(13, outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::open);
}

TEST_CASE("circuit breaker: recorded calls expire after one minute", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.calls(4, outcome::failure, start);
  SECTION("just before one minute") {
    fixture.call(outcome::failure, start + 60s - 1ns);
    CHECK(fixture.breaker.current_state() == state::open);
  }
  SECTION("at one minute") {
    fixture.call(outcome::failure, start + 60s);
    CHECK(fixture.breaker.current_state() == state::closed);
    fixture.calls(4, outcome::failure, start + 60s);
    CHECK(fixture.breaker.current_state() == state::open);
  }
}

TEST_CASE("circuit breaker: an ignored outcome has no effect", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.calls(4, outcome::failure, start);
  fixture.calls(100, outcome::ignored, start);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::open);
}

TEST_CASE("circuit breaker: min_calls of zero disables the breaker", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture{{.min_calls = 0, .max_calls = 0}};
  fixture.calls(1000, outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::closed);
}

TEST_CASE("circuit breaker: max_calls is raised to min_calls", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture{{.min_calls = 30, .max_calls = 20}};
  fixture.calls(29, outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start);
  CHECK(fixture.breaker.current_state() == state::open);
}

TEST_CASE("circuit breaker: an open breaker denies calls and returns the remaining open time",
          "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.open(start);
  const auto open_time = fixture.breaker.retry_after(start);
  CHECK(open_time >= 5s);
  CHECK(open_time <= 5500ms);
  CHECK(fixture.breaker.retry_after(start + 1s) == open_time - 1s);
  CHECK(fixture.breaker.try_acquire(start) == permission::denied);
  CHECK(fixture.breaker.try_acquire(start + open_time - 1ns) == permission::denied);
  CHECK(fixture.breaker.current_state() == state::open);
  CHECK(fixture.breaker.retry_after(start + open_time) == 0s);
  CHECK(fixture.breaker.retry_after(start + 1h) == 0s);
  CHECK(fixture.breaker.try_acquire(start + open_time) == permission::probe);
  CHECK(fixture.breaker.current_state() == state::half_open);
}

TEST_CASE("circuit breaker: a closed breaker has no retry delay", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  CHECK(fixture.breaker.retry_after(start) == 0s);
  fixture.open(start);
  fixture.probe(outcome::success, start + 10s);
  CHECK(fixture.breaker.retry_after(start) == 0s);
}

TEST_CASE("circuit breaker: a half-open breaker permits one probe at a time", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.open(start);
  REQUIRE(fixture.breaker.try_acquire(start + 6s) == permission::probe);
  CHECK(fixture.breaker.try_acquire(start + 6s) == permission::denied);
  CHECK(fixture.breaker.try_acquire(start + 10h) == permission::denied);
  CHECK(fixture.breaker.retry_after(start + 6s) == 0s);
}

TEST_CASE("circuit breaker: after a probe with an ignored outcome, the next call is the probe",
          "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.open(start);
  fixture.probe(outcome::ignored, start + 6s);
  CHECK(fixture.breaker.current_state() == state::half_open);
  fixture.probe(outcome::ignored, start + 6s);
  fixture.probe(outcome::success, start + 6s);
  CHECK(fixture.breaker.current_state() == state::closed);
}

TEST_CASE("circuit breaker: a successful probe closes the breaker and discards recorded calls",
          "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.open(start);
  fixture.probe(outcome::success, start + 6s);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.calls(4, outcome::failure, start + 6s);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start + 6s);
  CHECK(fixture.breaker.current_state() == state::open);
  // The count of consecutive openings restarts at one.
  CHECK(fixture.breaker.retry_after(start + 6s) <= 5500ms);
}

TEST_CASE("circuit breaker: a successful probe discards a full ring buffer", "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.calls(15, outcome::success, start);
  while (fixture.breaker.current_state() == state::closed) fixture.call(outcome::failure, start);
  fixture.probe(outcome::success, start + 6s);
  fixture.calls(3, outcome::success, start + 6s);
  fixture.calls(17, outcome::failure, start + 6s);
  CHECK(fixture.breaker.current_state() == state::closed);
  fixture.call(outcome::failure, start + 6s);
  CHECK(fixture.breaker.current_state() == state::open);
}

TEST_CASE("circuit breaker: each failed probe doubles the open time, up to one minute, with 10 % jitter",
          "[policy][circuit_breaker]") {
  circuit_breaker_fixture fixture;
  fixture.open(start);
  auto now = start;
  for (const duration min_open_time : {5s, 10s, 20s, 40s, 60s, 60s, 60s}) {
    const auto open_time = fixture.breaker.retry_after(now);
    CHECK(open_time >= min_open_time);
    CHECK(open_time <= min_open_time / 10 * 11);
    now += open_time;
    fixture.probe(outcome::failure, now);
    CHECK(fixture.breaker.current_state() == state::open);
  }
}

TEST_CASE("circuit breaker: jitter is 10 % of the open time", "[policy][circuit_breaker]") {
  duration shortest = 1h;
  duration longest{};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    circuit_breaker_fixture fixture;
    fixture.random = random_generator{seed};
    fixture.open(start);
    shortest = std::min(shortest, fixture.breaker.retry_after(start));
    longest = std::max(longest, fixture.breaker.retry_after(start));
  }
  CHECK(shortest < 5010ms);
  CHECK(longest > 5490ms);
}

TEST_CASE("circuit breaker: calls that started before the breaker opened have no effect when they end",
          "[policy][circuit_breaker]") {
  const auto result = GENERATE(outcome::success, outcome::failure);
  circuit_breaker_fixture fixture;
  fixture.open(start);
  const auto open_time = fixture.breaker.retry_after(start);
  for (int i = 0; i < 30; ++i) fixture.breaker.record(permission::normal, result, start + 1s, fixture.random);
  CHECK(fixture.breaker.current_state() == state::open);
  CHECK(fixture.breaker.retry_after(start) == open_time);
  REQUIRE(fixture.breaker.try_acquire(start + open_time) == permission::probe);
  for (int i = 0; i < 30; ++i) fixture.breaker.record(permission::normal, result, start + 6s, fixture.random);
  CHECK(fixture.breaker.current_state() == state::half_open);
  CHECK(fixture.breaker.try_acquire(start + 6s) == permission::denied);
  fixture.breaker.record(permission::probe, outcome::success, start + 6s, fixture.random);
  CHECK(fixture.breaker.current_state() == state::closed);
}

/// A reference implementation of the rule, which evaluates all recorded calls.
bool should_open(const std::deque<std::pair<time_point, bool>>& ended, time_point now) {
  double recent = 0;
  double failed = 0;
  for (std::size_t i = ended.size() > 20 ? ended.size() - 20 : 0; i < ended.size(); ++i) {
    if (now - ended[i].first >= 60s) continue;
    ++recent;
    failed += ended[i].second ? 1 : 0;
  }
  return recent >= 5 && failed / recent >= 0.9 - 1e-9;
}

TEST_CASE("circuit breaker: random event sequences cause only the documented transitions",
          "[policy][circuit_breaker]") {
  random_generator random{GENERATE(range(std::uint64_t{0}, std::uint64_t{40}))};
  circuit_breaker breaker{small_window};
  std::vector<permission> permissions_in_use;
  std::deque<std::pair<time_point, bool>> ended;
  auto now = start;
  int open_count = 0;
  const auto failure_rate = random.uniform();
  for (int i = 0; i < 4000; ++i) {
    now += random.bernoulli(0.01) ? random.uniform_between(0s, 30s) : random.uniform_between(0s, 200ms);
    const auto state_before = breaker.current_state();
    if (permissions_in_use.size() < 10 && random.bernoulli(0.5)) {
      const auto retry_after = breaker.retry_after(now);
      const auto acquired_permission = breaker.try_acquire(now);
      const bool has_probe_in_flight = std::ranges::count(permissions_in_use, permission::probe) == 1;
      const auto expected = state_before == state::closed             ? permission::normal
                            : has_probe_in_flight || retry_after > 0s ? permission::denied
                                                                      : permission::probe;
      REQUIRE(acquired_permission == expected);
      REQUIRE(breaker.current_state() == (acquired_permission == permission::probe ? state::half_open : state_before));
      if (acquired_permission != permission::denied) permissions_in_use.push_back(acquired_permission);
    } else if (!permissions_in_use.empty()) {
      std::swap(permissions_in_use[random.uniform_below(permissions_in_use.size())], permissions_in_use.back());
      const auto granted = permissions_in_use.back();
      permissions_in_use.pop_back();
      const auto result = random.bernoulli(0.1)            ? outcome::ignored
                          : random.bernoulli(failure_rate) ? outcome::failure
                                                           : outcome::success;
      breaker.record(granted, result, now, random);
      auto expected = state_before;
      if (granted == permission::probe) {
        REQUIRE(state_before == state::half_open);
        if (result != outcome::ignored) expected = result == outcome::success ? state::closed : state::open;
        ended.clear();
      } else if (state_before == state::closed && result != outcome::ignored) {
        ended.emplace_back(now, result == outcome::failure);
        if (result == outcome::failure && should_open(ended, now)) expected = state::open;
      }
      REQUIRE(breaker.current_state() == expected);
      open_count += state_before != state::open && expected == state::open ? 1 : 0;
    }
  }
  if (failure_rate > 0.95) CHECK(open_count > 0);
  if (failure_rate < 0.2) CHECK(open_count == 0);
}

TEST_CASE("circuit breaker: to_string returns the name of each state", "[policy][circuit_breaker]") {
  CHECK(to_string(state::closed) == "closed");
  CHECK(to_string(state::open) == "open");
  CHECK(to_string(state::half_open) == "half_open");
}

}  // namespace
}  // namespace cohort

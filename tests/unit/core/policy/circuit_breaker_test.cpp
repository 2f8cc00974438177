#include "core/policy/circuit_breaker.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <deque>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::circuit_breaker;
using admission = circuit_breaker::admission;
using outcome = circuit_breaker::outcome;
using state = circuit_breaker::state;

constexpr time_point start{1h};

/// Smaller numbers than the usual ones, so that rows of calls are short.
constexpr circuit_breaker::settings few{.least_outcomes = 5, .most_outcomes = 20};

class stage {
 public:
  explicit stage(circuit_breaker::settings how = few) : breaker(how) {}

  void call(outcome what, time_point now) {
    REQUIRE(breaker.admit(now) == admission::normal);
    breaker.record(admission::normal, what, now, random);
  }
  void calls(int count, outcome what, time_point now) {
    for (int i = 0; i < count; ++i) call(what, now);
  }
  void probe(outcome what, time_point now) {
    REQUIRE(breaker.admit(now) == admission::probe);
    breaker.record(admission::probe, what, now, random);
  }
  /// Of five failures.
  void open(time_point now) {
    calls(5, outcome::failure, now);
    REQUIRE(breaker.current() == state::open);
  }

  circuit_breaker breaker;
  random_source random{1};
};

TEST_CASE("It opens once enough calls have ended and nearly all of them failed") {
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
      {3, 18, state::open},  // the first success is the 21st last
  }));
  stage stage;
  stage.calls(row.successes, outcome::success, start);
  stage.calls(row.failures, outcome::failure, start);
  CHECK(stage.breaker.current() == row.after);
}

TEST_CASE("Only a failure opens it") {
  stage stage{{.least_outcomes = 5, .most_outcomes = 20, .failure_ratio = 0.5}};
  stage.calls(4, outcome::failure, start);
  stage.call(outcome::success, start);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start);
  CHECK(stage.breaker.current() == state::open);
}

TEST_CASE("A ratio that doubles cannot hold is met all the same") {
  stage stage{{.least_outcomes = 25, .most_outcomes = 20, .failure_ratio = 0.56}};
  stage.calls(11, outcome::success, start);
  stage.calls(13, outcome::failure, start);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start);
  CHECK(stage.breaker.current() == state::open);
}

TEST_CASE("Outcomes count for a minute") {
  stage stage;
  stage.calls(4, outcome::failure, start);
  SECTION("until then") {
    stage.call(outcome::failure, start + 60s - 1ns);
    CHECK(stage.breaker.current() == state::open);
  }
  SECTION("no longer") {
    stage.call(outcome::failure, start + 60s);
    CHECK(stage.breaker.current() == state::closed);
    stage.calls(4, outcome::failure, start + 60s);
    CHECK(stage.breaker.current() == state::open);
  }
}

TEST_CASE("A call that tells nothing counts for nothing") {
  stage stage;
  stage.calls(4, outcome::failure, start);
  stage.calls(100, outcome::none, start);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start);
  CHECK(stage.breaker.current() == state::open);
}

TEST_CASE("Asked for no outcomes at all, it never opens") {
  stage stage{{.least_outcomes = 0, .most_outcomes = 0}};
  stage.calls(1000, outcome::failure, start);
  CHECK(stage.breaker.current() == state::closed);
}

TEST_CASE("It keeps as many outcomes as it needs to open") {
  stage stage{{.least_outcomes = 30, .most_outcomes = 20}};
  stage.calls(29, outcome::failure, start);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start);
  CHECK(stage.breaker.current() == state::open);
}

TEST_CASE("While open it refuses, and says for how long") {
  stage stage;
  stage.open(start);
  const auto pause = stage.breaker.retry_after(start);
  CHECK(pause >= 5s);
  CHECK(pause <= 5500ms);
  CHECK(stage.breaker.retry_after(start + 1s) == pause - 1s);
  CHECK(stage.breaker.admit(start) == admission::refused);
  CHECK(stage.breaker.admit(start + pause - 1ns) == admission::refused);
  CHECK(stage.breaker.current() == state::open);
  CHECK(stage.breaker.retry_after(start + pause) == 0s);
  CHECK(stage.breaker.retry_after(start + 1h) == 0s);
  CHECK(stage.breaker.admit(start + pause) == admission::probe);
  CHECK(stage.breaker.current() == state::half_open);
}

TEST_CASE("Closed, it has no time to tell") {
  stage stage;
  CHECK(stage.breaker.retry_after(start) == 0s);
  stage.open(start);
  stage.probe(outcome::success, start + 10s);
  CHECK(stage.breaker.retry_after(start) == 0s);
}

TEST_CASE("One probe at a time") {
  stage stage;
  stage.open(start);
  REQUIRE(stage.breaker.admit(start + 6s) == admission::probe);
  CHECK(stage.breaker.admit(start + 6s) == admission::refused);
  CHECK(stage.breaker.admit(start + 10h) == admission::refused);
  CHECK(stage.breaker.retry_after(start + 6s) == 0s);
}

TEST_CASE("A probe that ends without an outcome lets the next call probe") {
  stage stage;
  stage.open(start);
  stage.probe(outcome::none, start + 6s);
  CHECK(stage.breaker.current() == state::half_open);
  stage.probe(outcome::none, start + 6s);
  stage.probe(outcome::success, start + 6s);
  CHECK(stage.breaker.current() == state::closed);
}

TEST_CASE("A probe that succeeds closes it, and what was before is forgotten") {
  stage stage;
  stage.open(start);
  stage.probe(outcome::success, start + 6s);
  CHECK(stage.breaker.current() == state::closed);
  stage.calls(4, outcome::failure, start + 6s);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start + 6s);
  CHECK(stage.breaker.current() == state::open);
  // As if for the first time.
  CHECK(stage.breaker.retry_after(start + 6s) <= 5500ms);
}

TEST_CASE("A full ring is forgotten as well") {
  stage stage;
  stage.calls(15, outcome::success, start);
  while (stage.breaker.current() == state::closed) stage.call(outcome::failure, start);
  stage.probe(outcome::success, start + 6s);
  stage.calls(3, outcome::success, start + 6s);
  stage.calls(17, outcome::failure, start + 6s);
  CHECK(stage.breaker.current() == state::closed);
  stage.call(outcome::failure, start + 6s);
  CHECK(stage.breaker.current() == state::open);
}

TEST_CASE("Each probe that fails doubles the time, up to a minute and a tenth of jitter") {
  stage stage;
  stage.open(start);
  auto now = start;
  for (const duration least : {5s, 10s, 20s, 40s, 60s, 60s, 60s}) {
    const auto pause = stage.breaker.retry_after(now);
    CHECK(pause >= least);
    CHECK(pause <= least / 10 * 11);
    now += pause;
    stage.probe(outcome::failure, now);
    CHECK(stage.breaker.current() == state::open);
  }
}

TEST_CASE("The jitter is spread over its tenth") {
  duration least = 1h;
  duration most{};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    stage stage;
    stage.random = random_source{seed};
    stage.open(start);
    least = std::min(least, stage.breaker.retry_after(start));
    most = std::max(most, stage.breaker.retry_after(start));
  }
  CHECK(least < 5010ms);
  CHECK(most > 5490ms);
}

TEST_CASE("Calls that began before it opened change nothing when they end") {
  const auto late = GENERATE(outcome::success, outcome::failure);
  stage stage;
  stage.open(start);
  const auto pause = stage.breaker.retry_after(start);
  for (int i = 0; i < 30; ++i) stage.breaker.record(admission::normal, late, start + 1s, stage.random);
  CHECK(stage.breaker.current() == state::open);
  CHECK(stage.breaker.retry_after(start) == pause);
  REQUIRE(stage.breaker.admit(start + pause) == admission::probe);
  for (int i = 0; i < 30; ++i) stage.breaker.record(admission::normal, late, start + 6s, stage.random);
  CHECK(stage.breaker.current() == state::half_open);
  CHECK(stage.breaker.admit(start + 6s) == admission::refused);
  stage.breaker.record(admission::probe, outcome::success, start + 6s, stage.random);
  CHECK(stage.breaker.current() == state::closed);
}

/// The rule for opening, on outcomes that are all kept.
bool opens(const std::deque<std::pair<time_point, bool>>& ended, time_point now) {
  double recent = 0;
  double failed = 0;
  for (std::size_t i = ended.size() > 20 ? ended.size() - 20 : 0; i < ended.size(); ++i) {
    if (now - ended[i].first >= 60s) continue;
    ++recent;
    failed += ended[i].second ? 1 : 0;
  }
  return recent >= 5 && failed / recent >= 0.9 - 1e-9;
}

TEST_CASE("Whatever happens, it changes along its arrows only, for its reasons only, and probes one at a time") {
  random_source random{GENERATE(range(std::uint64_t{0}, std::uint64_t{40}))};
  circuit_breaker breaker{few};
  std::vector<admission> running;
  std::deque<std::pair<time_point, bool>> ended;
  auto now = start;
  int openings = 0;
  const auto failing = random.unit();
  for (int i = 0; i < 4000; ++i) {
    now += random.chance(0.01) ? random.between(0s, 30s) : random.between(0s, 200ms);
    const auto before = breaker.current();
    if (running.size() < 10 && random.chance(0.5)) {
      const auto wait = breaker.retry_after(now);
      const auto admitted = breaker.admit(now);
      const bool probing = std::ranges::count(running, admission::probe) == 1;
      const auto wanted = before == state::closed ? admission::normal
                          : probing || wait > 0s  ? admission::refused
                                                  : admission::probe;
      REQUIRE(admitted == wanted);
      REQUIRE(breaker.current() == (admitted == admission::probe ? state::half_open : before));
      if (admitted != admission::refused) running.push_back(admitted);
    } else if (!running.empty()) {
      std::swap(running[random.below(running.size())], running.back());
      const auto of = running.back();
      running.pop_back();
      const auto what = random.chance(0.1)       ? outcome::none
                        : random.chance(failing) ? outcome::failure
                                                 : outcome::success;
      breaker.record(of, what, now, random);
      auto wanted = before;
      if (of == admission::probe) {
        REQUIRE(before == state::half_open);
        if (what != outcome::none) wanted = what == outcome::success ? state::closed : state::open;
        ended.clear();
      } else if (before == state::closed && what != outcome::none) {
        ended.emplace_back(now, what == outcome::failure);
        if (what == outcome::failure && opens(ended, now)) wanted = state::open;
      }
      REQUIRE(breaker.current() == wanted);
      openings += before != state::open && wanted == state::open ? 1 : 0;
    }
  }
  if (failing > 0.95) CHECK(openings > 0);
  if (failing < 0.2) CHECK(openings == 0);
}

TEST_CASE("The breaker's states have names") {
  CHECK(name_of(state::closed) == "closed");
  CHECK(name_of(state::open) == "open");
  CHECK(name_of(state::half_open) == "half_open");
}

}  // namespace
}  // namespace cohort

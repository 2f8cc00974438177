#include "core/policy/concurrency_limiter.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::concurrency_limiter;

constexpr time_point start{1h};

/// What the limiter makes of an answer that took so long: the bound of its bucket.
duration seen(duration took) {
  policy::latency_counts counts;
  counts.add(took);
  return counts.quantile(0.5);
}

/// Samples of 50 answers, one each 100 ms, with the clock in hand.
class stage {
 public:
  explicit stage(concurrency_limiter::settings how = {}) : limiter(how) {}

  /// A sample of so many at once, all of which take the same.
  void sample(duration took, std::size_t at_once) {
    for (std::size_t i = 0; i < at_once; ++i) REQUIRE(limiter.try_enter());
    for (int i = 0; i < 49; ++i) answer_and_enter(took);
    now += 100ms;
    limiter.leave(took, now);
    for (std::size_t i = 1; i < at_once; ++i) limiter.leave();
    REQUIRE(limiter.in_flight() == 0);
  }
  void full_sample(duration took) { sample(took, limiter.limit()); }
  void answer_and_enter(duration took) {
    limiter.leave(took, now);
    REQUIRE(limiter.try_enter());
  }

  concurrency_limiter limiter;
  time_point now = start;
};

TEST_CASE("As many are let in as the limit says, and one more for each that leaves") {
  concurrency_limiter limiter{{}};
  CHECK(limiter.limit() == 20);
  for (int i = 0; i < 20; ++i) REQUIRE(limiter.try_enter());
  CHECK_FALSE(limiter.try_enter());
  CHECK_FALSE(limiter.try_enter());
  CHECK(limiter.in_flight() == 20);
  limiter.leave(1ms, start);
  CHECK(limiter.in_flight() == 19);
  CHECK(limiter.try_enter());
  CHECK_FALSE(limiter.try_enter());
  limiter.leave();
  CHECK(limiter.in_flight() == 19);
  CHECK(limiter.try_enter());
}

/// The formula as the header states it.
double next_limit(double limit, duration base, duration p50) {
  const double fine = std::max(static_cast<double>(base.count()), 10e6);
  const double gradient = std::clamp(1.5 * fine / static_cast<double>(p50.count()), 0.5, 1.0);
  return std::clamp(0.8 * limit + 0.2 * (limit * gradient + std::sqrt(limit)), 8.0, 1000.0);
}

TEST_CASE("The limit follows the gradient of the medians") {
  const auto first = GENERATE(8.0, 20.0, 300.0);
  const auto later = GENERATE(duration{19ms}, duration{20ms}, duration{29ms}, duration{33ms}, duration{40ms},
                              duration{50ms}, duration{10s});
  stage stage{{.first = first}};
  double limit = first;
  const auto base = seen(20ms);
  for (int i = 0; i < 40; ++i) {
    const auto took = i == 0 ? 20ms : later;
    stage.full_sample(took);
    limit = next_limit(limit, base, seen(took));
    CAPTURE(i, limit);
    REQUIRE(stage.limiter.limit() == static_cast<std::size_t>(limit));
  }
}

TEST_CASE("It is the median that counts") {
  const auto [quick, grows] = GENERATE(table<int, bool>({{26, true}, {25, true}, {24, false}, {23, false}}));
  stage stage{{.first = 100}};
  stage.full_sample(20ms);
  const auto before = stage.limiter.limit();
  for (std::size_t i = 0; i < before; ++i) REQUIRE(stage.limiter.try_enter());
  for (int i = 0; i < quick; ++i) stage.answer_and_enter(20ms);
  for (int i = quick; i < 49; ++i) stage.answer_and_enter(10s);
  stage.now += 100ms;
  stage.limiter.leave(10s, stage.now);
  CHECK((stage.limiter.limit() > before) == grows);
}

TEST_CASE("A sample is 50 answers and a tenth of a second, whichever is later") {
  stage stage{{.first = 100}};
  for (int i = 0; i < 100; ++i) REQUIRE(stage.limiter.try_enter());
  SECTION("not 49, however long it takes") {
    for (int i = 0; i < 49; ++i) stage.answer_and_enter(20ms);
    stage.now += 1h;
    CHECK(stage.limiter.limit() == 100);
    stage.answer_and_enter(20ms);
    CHECK(stage.limiter.limit() == 102);
  }
  SECTION("not less than that time, however many") {
    for (int i = 0; i < 1000; ++i) stage.answer_and_enter(20ms);
    stage.now += 100ms - 1ns;
    stage.answer_and_enter(20ms);
    CHECK(stage.limiter.limit() == 100);
    stage.now += 1ns;
    stage.answer_and_enter(20ms);
    CHECK(stage.limiter.limit() == 102);
  }
  SECTION("and those that tell nothing are not among them") {
    for (int i = 0; i < 49; ++i) stage.answer_and_enter(20ms);
    stage.now += 1s;
    for (int i = 0; i < 50; ++i) stage.limiter.leave();
    CHECK(stage.limiter.limit() == 100);
  }
  SECTION("each beginning with its first answer") {
    for (int i = 0; i < 49; ++i) stage.answer_and_enter(20ms);
    stage.now += 1s;
    stage.answer_and_enter(20ms);
    stage.now += 1s;
    for (int i = 0; i < 1000; ++i) stage.answer_and_enter(20ms);
    CHECK(stage.limiter.limit() == 102);
  }
}

TEST_CASE("Below ten milliseconds, or half as much again, nothing is too slow") {
  stage stage;
  stage.full_sample(10us);
  for (int i = 0; i < 20; ++i) {
    const auto before = stage.limiter.limit();
    stage.full_sample(12ms);
    CHECK(stage.limiter.limit() >= before);
  }
  const auto before = stage.limiter.limit();
  for (int i = 0; i < 3; ++i) stage.full_sample(30ms);
  CHECK(stage.limiter.limit() < before);
}

TEST_CASE("The limit does not grow while at most half of it is in use; it falls all the same") {
  stage stage{{.first = 40}};
  for (int i = 0; i < 50; ++i) stage.sample(20ms, 20);
  CHECK(stage.limiter.limit() == 40);
  stage.sample(20ms, 21);
  CHECK(stage.limiter.limit() == 41);
  for (int i = 0; i < 5; ++i) stage.sample(200ms, 5);
  CHECK(stage.limiter.limit() < 35);
}

TEST_CASE("The steepest cut begins from what was in flight, or from 50 if that was less; others from the limit") {
  const auto [in_flight, took, from] = GENERATE(table<std::size_t, duration, double>(
      {{200, 200ms, 201}, {50, 200ms, 51}, {49, 200ms, 50}, {5, 200ms, 50}, {200, 40ms, 500}}));
  stage stage{{.first = 500}};
  stage.sample(20ms, in_flight);
  CHECK(stage.limiter.limit() == 500);
  stage.sample(took, in_flight);
  CHECK(stage.limiter.limit() == static_cast<std::size_t>(next_limit(from, seen(20ms), seen(took))));
}

TEST_CASE("What was in use in one sample does not count for the next") {
  stage stage{{.first = 40}};
  stage.full_sample(20ms);
  stage.sample(20ms, 5);  // begun when those of the full one were still there
  const auto before = stage.limiter.limit();
  for (int i = 0; i < 50; ++i) stage.sample(20ms, 5);
  CHECK(stage.limiter.limit() == before);
}

TEST_CASE("The limit stays between the least and the most") {
  stage stage{{.least = 5, .first = 10, .most = 15}};
  for (int i = 0; i < 20; ++i) stage.full_sample(20ms);
  CHECK(stage.limiter.limit() == 15);
  for (int i = 0; i < 30; ++i) stage.full_sample(10s);
  CHECK(stage.limiter.limit() == 5);
}

TEST_CASE("Base follows what is quicker, by a fifth at a time") {
  stage stage{{.first = 300}};
  double limit = 300;
  auto base = static_cast<double>(seen(200ms).count());
  stage.full_sample(200ms);
  limit = next_limit(limit, seen(200ms), seen(200ms));
  for (int i = 0; i < 3; ++i) {
    stage.full_sample(50ms);
    base += (static_cast<double>(seen(50ms).count()) - base) / 5;
    limit = next_limit(limit, duration{static_cast<duration::rep>(base)}, seen(50ms));
  }
  stage.full_sample(300ms);
  CHECK(stage.limiter.limit() ==
        static_cast<std::size_t>(next_limit(limit, duration{static_cast<duration::rep>(base)}, seen(300ms))));
}

/// Cut for just not five seconds.
stage nearly_probing() {
  stage stage{{.first = 100}};
  stage.full_sample(20ms);
  for (int i = 0; i < 49; ++i) stage.full_sample(40ms);
  return stage;
}

TEST_CASE("Cut for five seconds, the limit is halved until a sample without the old queue has told the new base") {
  auto stage = nearly_probing();
  auto& limiter = stage.limiter;
  const auto before = limiter.limit();
  const auto others = before / 3;  // some remain when the probe begins
  for (std::size_t i = 0; i < before; ++i) REQUIRE(limiter.try_enter());
  for (int i = 0; i < 49; ++i) stage.answer_and_enter(40ms);
  stage.now += 100ms;
  limiter.leave(40ms, stage.now);
  const auto halved = limiter.limit();
  CHECK(halved >= before / 2 - 1);
  CHECK(halved <= before / 2 + 1);
  CHECK_FALSE(limiter.try_enter());

  // Those that were in flight tell nothing of the lower limit.
  while (limiter.in_flight() > others) limiter.leave();
  for (std::size_t i = 0; i < others; ++i) {
    limiter.leave(10s, stage.now);
    stage.now += 10ms;
  }
  CHECK(limiter.in_flight() == 0);
  stage.sample(100ms, halved);
  const auto after = limiter.limit();
  CHECK(after >= before - 2);
  CHECK(after <= before);

  // What was slow for the old base is not for the new one.
  for (int i = 0; i < 10; ++i) stage.full_sample(120ms);
  CHECK(limiter.limit() > after);
}

TEST_CASE("A probe does not go below the least") {
  stage stage{{.least = 15, .first = 20}};
  stage.full_sample(20ms);
  for (int i = 0; i < 50; ++i) stage.full_sample(1s);
  CHECK(stage.limiter.limit() == 15);
}

TEST_CASE("Samples without a cut make up for samples with one") {
  stage stage{{.first = 500}};
  stage.full_sample(20ms);
  for (int i = 0; i < 40; ++i) {
    stage.full_sample(33ms);
    CHECK(stage.limiter.limit() > 200);
    stage.full_sample(20ms);
    CHECK(stage.limiter.limit() > 200);
  }
  for (int i = 0; i < 49; ++i) stage.full_sample(33ms);
  const auto before = stage.limiter.limit();
  stage.full_sample(33ms);
  CHECK(stage.limiter.limit() < before * 6 / 10);
}

}  // namespace
}  // namespace cohort

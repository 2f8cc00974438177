#include "core/policy/concurrency_limiter.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "core/runtime/random.hpp"

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
  stage stage;
  double limit = 20;
  auto base = static_cast<double>(seen(200ms).count());
  stage.full_sample(200ms);
  limit = next_limit(limit, seen(200ms), seen(200ms));
  for (int i = 0; i < 3; ++i) {
    stage.full_sample(50ms);
    base += (static_cast<double>(seen(50ms).count()) - base) / 5;
    limit = next_limit(limit, duration{static_cast<duration::rep>(base)}, seen(50ms));
  }
  stage.full_sample(100ms);
  CHECK(stage.limiter.limit() ==
        static_cast<std::size_t>(next_limit(limit, duration{static_cast<duration::rep>(base)}, seen(100ms))));
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

/// A server with so many workers and one queue before them, callers that come by chance and wait for four service
/// times. It works on whatever it let in, wanted or not.
class server {
 public:
  enum class durations { equal, exponential };
  struct outcome {
    double goodput = 0;      // answers in time, as a share of what the workers could give
    double in_time = 0;      // of the answers
    double turned_away = 0;  // of the callers
    double most_limit = 0;
    double mean_limit = 0;
  };

  server(std::size_t workers, durations kind, bool limited)
      : free_at_(workers, start), kind_(kind), limited_(limited) {}

  /// `load` 1 is all that the workers can do.
  outcome run(duration how_long, double load, duration service) {
    const auto until = now_ + how_long;
    const auto capacity = static_cast<double>(free_at_.size()) / (service / 1.0s);
    double callers = 0;
    double turned_away = 0;
    double limits = 0;
    outcome seen;
    answers_ = in_time_ = 0;
    for (;;) {
      now_ += some(duration{static_cast<duration::rep>(1e9 / (load * capacity))}, durations::exponential);
      if (now_ >= until) break;
      finish_until_now();
      ++callers;
      limits += static_cast<double>(limiter.limit());
      seen.most_limit = std::max(seen.most_limit, static_cast<double>(limiter.limit()));
      if (limited_ && !limiter.try_enter()) {
        ++turned_away;
        continue;
      }
      const auto worker = std::ranges::min_element(free_at_);
      *worker = std::max(*worker, now_) + some(service, kind_);
      running_.push_back({*worker, now_, now_ + 4 * service});
      std::ranges::push_heap(running_, std::ranges::greater{}, &request::done);
    }
    seen.goodput = in_time_ / (how_long / 1.0s) / capacity;
    seen.in_time = in_time_ / answers_;
    seen.turned_away = turned_away / callers;
    seen.mean_limit = limits / callers;
    return seen;
  }

  concurrency_limiter limiter{{}};

 private:
  struct request {
    time_point done;
    time_point came;
    time_point deadline;
  };

  duration some(duration mean, durations kind) {
    if (kind == durations::equal) return mean;
    return duration{static_cast<duration::rep>(-std::log(1 - random_.unit()) * static_cast<double>(mean.count()))};
  }
  void finish_until_now() {
    while (!running_.empty() && running_.front().done <= now_) {
      std::ranges::pop_heap(running_, std::ranges::greater{}, &request::done);
      const auto ended = running_.back();
      running_.pop_back();
      ++answers_;
      in_time_ += ended.done <= ended.deadline ? 1 : 0;
      if (limited_) limiter.leave(ended.done - ended.came, ended.done);
    }
  }

  std::vector<time_point> free_at_;
  std::vector<request> running_;
  durations kind_;
  bool limited_;
  random_source random_{1};
  time_point now_ = start;
  double answers_ = 0;
  double in_time_ = 0;
};

using durations = server::durations;

TEST_CASE("Without a limit three times the load leaves nobody an answer in time, and long after") {
  server server{16, durations::equal, false};
  CHECK(server.run(10s, 0.6, 50ms).in_time > 0.99);
  CHECK(server.run(30s, 3, 50ms).goodput < 0.05);
  CHECK(server.run(30s, 0.6, 50ms).goodput < 0.05);
}

TEST_CASE("With the limit three times the load is answered as far as the workers can, and in time") {
  const auto workers = GENERATE(std::size_t{8}, std::size_t{16}, std::size_t{64});
  const auto service = GENERATE(duration{20ms}, duration{50ms});
  const auto [kind, goodput, in_time] = GENERATE(table<durations, double, double>({
      {durations::equal, 0.95, 0.99},
      {durations::exponential, 0.9, 0.95},  // two in a hundred take longer than four times the mean by themselves
  }));
  CAPTURE(workers, service.count(), kind == durations::equal);
  server server{workers, kind, true};
  CHECK(server.run(20s, 0.6, service).in_time > 0.97);
  server.run(5s, 3, service);
  const auto overload = server.run(60s, 3, service);
  CHECK(overload.goodput > goodput);
  CHECK(overload.in_time > in_time);
  CHECK(overload.turned_away < 0.72);
  // And when it is over, nobody is turned away soon after.
  server.run(5s, 0.7, service);
  const auto calm = server.run(30s, 0.7, service);
  CHECK(calm.turned_away < 0.01);
  CHECK(calm.in_time > in_time);
}

TEST_CASE("Half an hour of overload does not let the limit drift up") {
  const auto kind = GENERATE(durations::equal, durations::exponential);
  server server{16, kind, true};
  server.run(10s, 0.6, 50ms);
  const auto first = server.run(60s, 3, 50ms);
  server.run(30min, 3, 50ms);
  const auto last = server.run(60s, 3, 50ms);
  CHECK(last.mean_limit < first.mean_limit * 1.15);
  CHECK(last.goodput > 0.93);
  CHECK(last.in_time > 0.95);
}

TEST_CASE("A server that has become slower for good gets all its work again") {
  const auto times = GENERATE(2, 10);
  const auto kind = GENERATE(durations::equal, durations::exponential);
  CAPTURE(times, kind == durations::equal);
  server server{32, kind, true};
  server.run(10s, 0.8, 20ms);
  server.run(60s, 0.8, 20ms * times);
  const auto later = server.run(60s, 0.8, 20ms * times);
  CHECK(later.turned_away < 0.05);
  CHECK(later.goodput > 0.72);
  const auto overload = server.run(120s, 2, 20ms * times);
  CHECK(overload.goodput > 0.85);
  CHECK(overload.in_time > 0.95);
}

TEST_CASE("A server that starts into an overload finds its limit, though it never saw its quick times") {
  const auto kind = GENERATE(durations::equal, durations::exponential);
  server server{16, kind, true};
  server.run(30s, 3, 50ms);
  const auto later = server.run(60s, 3, 50ms);
  CHECK(later.goodput > 0.93);
  CHECK(later.in_time > 0.95);
  CHECK(later.most_limit < 64);
}

}  // namespace
}  // namespace cohort

#include "loadgen/baseline.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <numbers>
#include <random>

namespace cohort::loadgen {
namespace {

using samples = std::vector<double>;

samples from_to(double first, double last) {
  samples made;
  for (double each = first; each <= last; ++each) made.push_back(each);
  return made;
}

TEST_CASE("The rank-sum test's p-values are those of others") {
  struct row {
    samples a;
    samples b;
    double p_value;
  };
  samples failing(10, 0.0);
  failing.resize(20, 0.5);
  samples scattered;
  samples slower;
  for (int i = 0; i < 100; ++i) {
    scattered.push_back(i * 37 % 101);
    slower.push_back(i * 37 % 101 * 1.2);
  }
  // By SciPy's mannwhitneyu(a, b, method='asymptotic', use_continuity=True).
  const std::vector<row> rows{
      {{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, 0.012185780355344813},
      {{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, 1},
      {{1, 1, 2, 2, 3}, {2, 3, 3, 4, 4, 4}, 0.030423784148462706},
      {{5}, {7}, 1},
      {{3, 3, 3}, {3, 3, 3, 3}, 1},
      {{19, 22, 16, 29, 24}, {20, 11, 17, 12}, 0.11134688653314041},
      {from_to(0, 19), from_to(5.5, 34.5), 0.00011731315700524968},
      {samples(20, 0.0), failing, 0.00033383362894626184},
      {scattered, slower, 0.04537641526001472},
  };
  for (const auto& [a, b, p_value] : rows) {
    CHECK(rank_sum_p_value(a, b) == Catch::Approx(p_value).epsilon(1e-12));
    CHECK(rank_sum_p_value(b, a) == Catch::Approx(p_value).epsilon(1e-12));
  }
  CHECK(rank_sum_p_value({}, {1, 2}) == 1);
  CHECK(rank_sum_p_value({1, 2}, {}) == 1);
}

TEST_CASE("The typical shift is the median of all differences") {
  std::mt19937_64 random{GENERATE(range(1u, 100u))};
  const auto sample = [&] {
    samples made(1 + random() % 40);
    for (auto& each : made) each = static_cast<double>(static_cast<std::int64_t>(random() % 2001) - 1000) / 8;
    return made;
  };
  const auto before = sample();
  const auto now = sample();
  samples differences;
  for (const double one : before) {
    for (const double other : now) differences.push_back(other - one);
  }
  std::sort(differences.begin(), differences.end());
  const auto half = differences.size() / 2;
  const auto expected =
      differences.size() % 2 == 1 ? differences[half] : (differences[half - 1] + differences[half]) / 2;
  CHECK(typical_shift(before, now) == expected);
}

TEST_CASE("The typical shift of long runs, equal ones and none") {
  CHECK(typical_shift(from_to(1, 100'000), from_to(8, 100'007)) == 7);
  CHECK(typical_shift(samples(50, 3.5), samples(60, 3.5)) == 0);
  CHECK(typical_shift({1, 2, 3}, {1, 2, 30'000}) == 0);
  CHECK(typical_shift({}, {1}) == 0);
  CHECK(typical_shift({1}, {}) == 0);
}

run_series steady(std::size_t intervals, double p50 = 1'000, double p99 = 10'000, double failed = 0) {
  run_series made{.fingerprint = {{"mode", "balanced"}, {"rate", "5"}}};
  for (std::size_t i = 0; i < intervals; ++i) {
    const auto wobble = static_cast<double>(i * 7 % 10);
    made.p50_us.push_back(p50 + wobble);
    made.p99_us.push_back(p99 + wobble);
    made.failed_share.push_back(failed);
  }
  return made;
}

comparison compared(const run_series& before, const run_series& now) {
  auto made = compare(before, now, "before.json");
  REQUIRE(made.has_value());
  return *made;
}

TEST_CASE("Runs that are not alike are not compared, and what differs is named") {
  using properties = std::vector<std::pair<std::string, std::string>>;
  struct row {
    properties before;
    properties now;
    std::string_view message;
  };
  const auto [before, now, message] = GENERATE(values<row>({
      {{{"mode", "balanced"}, {"rate", "5"}},
       {{"mode", "spike"}, {"rate", "50"}},
       R"(The runs are not alike: mode was "balanced", is "spike"; rate was 5, is 50.)"},
      {{{"rate", "5"}},
       {{"rate", "5"}, {"deadline", "1s"}},
       R"(The runs are not alike: deadline was not set, is "1s".)"},
      {{{"rate", "5"}, {"deadline", "1s"}},
       {{"rate", "5"}},
       R"(The runs are not alike: deadline was "1s", is not set.)"},
      {{{"target", "a"}, {"target", "b"}},
       {{"target", "a"}, {"target", "c"}},
       R"(The runs are not alike: target was "b", is "c".)"},
      {{{"rate", ""}}, {{"rate", "0.5"}}, R"(The runs are not alike: rate was "", is 0.5.)"},
      {{{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}},
       {{"a", "2"}, {"b", "2"}, {"c", "2"}, {"d", "2"}, {"e", "2"}},
       "The runs are not alike: a was 1, is 2; b was 1, is 2; c was 1, is 2; and 2 more."},
      {{{"a", "1"}, {"b", "2"}}, {{"b", "2"}, {"a", "1"}}, "The runs are not alike: the same things in another order."},
  }));
  auto one = steady(20);
  auto other = steady(20);
  one.fingerprint = before;
  other.fingerprint = now;
  const auto got = compare(one, other, "x");
  REQUIRE(got.has_error());
  CHECK(got.error() == message);
}

TEST_CASE("From fewer than eight intervals nothing is concluded") {
  CHECK(compare(steady(7), steady(60), "x").error() ==
        "The run before has only 7 whole intervals: it takes 8 of both runs to conclude anything.");
  CHECK(compare(steady(60), steady(1), "x").error() ==
        "This run has only 1 whole interval: it takes 8 of both runs to conclude anything.");
  CHECK(compare(steady(8), steady(8), "x").has_value());
}

TEST_CASE("A measure is worse or better if the difference is significant and large enough to matter") {
  struct row {
    std::string_view what;
    run_series before;
    run_series now;
    std::size_t measure;
    bool worse;
    bool better;
  };
  const auto [what, before, now, measure, worse, better] = GENERATE(values<row>({
      {"the same", steady(60), steady(60), 0, false, false},
      {"4 % slower", steady(60, 10'000), steady(60, 10'400), 0, false, false},
      {"6 % slower", steady(60, 10'000), steady(60, 10'600), 0, true, false},
      {"6 % quicker", steady(60, 10'600), steady(60, 10'000), 0, false, true},
      {"49 µs of 100", steady(60, 100), steady(60, 149), 0, false, false},
      {"50 µs of 100", steady(60, 100), steady(60, 150), 0, true, false},
      {"p99 twice as long", steady(60), steady(60, 1'000, 20'000), 1, true, false},
      {"0.09 % more failures", steady(60), steady(60, 1'000, 10'000, 0.0009), 2, false, false},
      {"0.11 % more failures", steady(60), steady(60, 1'000, 10'000, 0.0011), 2, true, false},
      {"0.11 % fewer failures", steady(60, 1'000, 10'000, 0.0011), steady(60), 2, false, true},
  }));
  CAPTURE(what);
  const auto got = compared(before, now);
  REQUIRE(got.measures.size() == 3);
  CHECK(got.file == "before.json");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(got.measures[i].worse == (worse && i == measure));
    CHECK(got.measures[i].better == (better && i == measure));
  }
  CHECK(got.regressed() == worse);
}

TEST_CASE("Each measure says what it was, what it is, and how far that is") {
  const auto got = compared(steady(60), steady(60, 1'500, 9'000, 0.25));
  CHECK(got.measures[0].name == "p50");
  CHECK(got.measures[0].before == 1'004.5);
  CHECK(got.measures[0].now == 1'504.5);
  CHECK(got.measures[0].shift == 500);
  CHECK(got.measures[0].p_value < 1e-6);
  CHECK(got.measures[1].name == "p99");
  CHECK(got.measures[1].shift == -1'000);
  CHECK(got.measures[2].name == "failed");
  CHECK(got.measures[2].now == 0.25);
  CHECK(got.measures[2].shift == 0.25);
}

TEST_CASE("Failures that come in bursts are found although most seconds have none") {
  auto now = steady(60);
  for (std::size_t i = 0; i < 20; ++i) now.failed_share[3 * i] = 0.5;
  const auto got = compared(steady(60), now);
  CHECK(got.measures[2].worse);
  CHECK(got.measures[2].shift == Catch::Approx(1.0 / 6));
}

TEST_CASE("A server that no longer answers at all is worse by its failures alone") {
  auto now = steady(60, 1'000, 10'000, 1);
  now.p50_us.clear();
  now.p99_us.clear();
  const auto got = compared(steady(60), now);
  CHECK(got.regressed());
  CHECK(got.measures[2].worse);
  CHECK_FALSE(got.measures[0].worse);
  CHECK(got.measures[0].p_value == 1);
}

TEST_CASE("A measure with fewer than eight intervals is neither better nor worse") {
  auto now = steady(60, 5'000, 50'000, 1);
  now.p50_us.resize(7);
  now.failed_share.resize(7);
  const auto got = compared(steady(60), now);
  CHECK_FALSE(got.measures[0].worse);
  CHECK(got.measures[0].p_value == 1);
  CHECK(got.measures[1].worse);
  CHECK_FALSE(got.measures[2].worse);
  CHECK(got.measures[2].p_value == 1);
}

/// A run whose seconds resemble each other: a first-order autoregressive process, by Box and Muller's own numbers since
/// the standard library's normal distribution differs from one to another.
class simulated_server {
 public:
  simulated_server(std::uint64_t seed, double resemblance) : random_{seed}, resemblance_{resemblance} {}

  run_series run(std::size_t intervals, double scatter) {
    run_series made;
    double state = normal();
    for (std::size_t i = 0; i < intervals; ++i) {
      state = resemblance_ * state + std::sqrt(1 - resemblance_ * resemblance_) * normal();
      made.p50_us.push_back(2'000 * std::exp(scatter / 2 * state));
      made.p99_us.push_back(20'000 * std::exp(scatter * state));
      made.failed_share.push_back(uniform() < 0.1 ? 0.001 : 0);
    }
    return made;
  }

 private:
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

  std::mt19937_64 random_;
  double resemblance_;
};

/// How many of a hundred pairs of runs are called a regression, after `change` has made of them what it will.
template <class Change>
double regressed_percent(int pairs, std::size_t intervals, double scatter, Change change) {
  int regressed = 0;
  for (int seed = 1; seed <= pairs; ++seed) {
    simulated_server server{static_cast<std::uint64_t>(seed), 0.5};
    auto before = server.run(intervals, scatter);
    auto now = server.run(intervals, scatter);
    change(before, now);
    regressed += compared(before, now).regressed() ? 1 : 0;
  }
  return 100.0 * regressed / pairs;
}

void multiply(samples& of, std::size_t first, std::size_t last, double by) {
  for (auto i = first; i < last; ++i) of[i] *= by;
}

void slow_down(run_series& of, double by) {
  multiply(of.p50_us, 0, of.p50_us.size(), by);
  multiply(of.p99_us, 0, of.p99_us.size(), by);
}

/// In the middle half, as `-m spike` does.
void spike(run_series& of, double by) {
  const auto size = of.p50_us.size();
  multiply(of.p50_us, size / 4, size * 3 / 4, by);
  multiply(of.p99_us, size / 4, size * 3 / 4, by);
}

TEST_CASE("Two runs of the same server are rarely called a regression, although one second resembles the next") {
  const auto intervals = GENERATE(std::size_t{8}, std::size_t{31}, std::size_t{60});
  const auto scatter = GENERATE(0.2, 0.5);
  const auto spiked_by = GENERATE(1.0, 5.0);
  CAPTURE(intervals, scatter, spiked_by);
  CHECK(regressed_percent(1000, intervals, scatter, [&](run_series& before, run_series& now) {
          spike(before, spiked_by);
          spike(now, spiked_by);
        }) < 2);
}

TEST_CASE("A run that is 20 % slower is nearly always called a regression, whatever the plan's own ups and downs") {
  const auto intervals = GENERATE(std::size_t{60}, std::size_t{160});
  const auto spiked_by = GENERATE(1.0, 5.0);
  CAPTURE(intervals, spiked_by);
  CHECK(regressed_percent(200, intervals, 0.1, [&](run_series& before, run_series& now) {
          spike(before, spiked_by);
          spike(now, spiked_by);
          slow_down(now, 1.2);
        }) > 95);
}

TEST_CASE("One that is slower during the spike only is called a regression, too") {
  CHECK(regressed_percent(200, 160, 0.1, [](run_series& before, run_series& now) {
          spike(before, 5);
          spike(now, 5 * 1.5);
        }) > 95);
}

TEST_CASE("A queue that grows is a regression, although each second is much like the one before") {
  CHECK(regressed_percent(200, 60, 0.1, [](run_series&, run_series& now) {
          for (std::size_t i = 0; i < now.p99_us.size(); ++i) now.p99_us[i] += static_cast<double>(i) * 50'000;
        }) > 95);
}

TEST_CASE("A run that is quicker is better, and no regression") {
  CHECK(regressed_percent(200, 60, 0.1, [](run_series& before, run_series&) { slow_down(before, 1.2); }) == 0);
  CHECK(compared(steady(60, 1'000), steady(60, 500)).measures[0].better);
}

}  // namespace
}  // namespace cohort::loadgen

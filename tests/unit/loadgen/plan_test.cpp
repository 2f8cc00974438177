#include "loadgen/plan.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <random>

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
__extension__ using wide = __int128;

request_rate rps(std::int64_t requests) { return request_rate::per_second(requests); }

plan constant(duration length, request_rate rate) {
  plan made;
  made.begin_phase("only").add_constant(length, rate);
  return made;
}

std::vector<duration> starts_of(const plan& of) {
  std::vector<duration> starts;
  for (std::uint64_t i = 0; i < of.requests(); ++i) starts.push_back(of.start_of(i));
  return starts;
}

std::vector<arrival> all_of(arrivals from) {
  std::vector<arrival> all;
  while (const auto next = from.next()) all.push_back(*next);
  CHECK_FALSE(from.next());
  return all;
}

std::vector<duration> moments_of(const std::vector<arrival>& arrived) {
  std::vector<duration> moments;
  for (const auto& each : arrived) moments.push_back(each.at);
  return moments;
}

using rows = std::vector<std::tuple<std::uint64_t, duration, std::size_t>>;

rows rows_of(const std::vector<arrival>& arrived) {
  rows all;
  for (const auto& each : arrived) all.emplace_back(each.index, each.at, each.phase);
  return all;
}

/// Request i at i / r, to the nanosecond above.
duration closed_form(std::uint64_t index, request_rate rate) {
  const auto numerator = wide{static_cast<std::int64_t>(index)} * 1'000'000 * 1'000'000'000;
  return duration{static_cast<std::int64_t>((numerator + rate.millionths - 1) / rate.millionths)};
}

TEST_CASE("At a constant rate request i starts at i / rate, however long it goes on") {
  struct row {
    duration length;
    request_rate rate;
    std::uint64_t requests;
    duration last;
  };
  const auto [length, rate, requests, last] = GENERATE(values<row>({
      {1h, rps(1000), 3'600'000, 3599s + 999ms},
      {10s, rps(3), 30, 9'666'666'667ns},
      {10s, {500'000}, 5, 8s},
      {11s, {500'000}, 6, 10s},
      {24h, {333'333'333}, 28'800'000, 86399'997'086'400ns},
      {168h, rps(10'000'000), 6'048'000'000'000, 168h - 100ns},
      {1ns, rps(1), 1, 0ns},
      {1000h, {1}, 4, 3'000'000s},
  }));
  const auto made = constant(length, rate);
  CAPTURE(length.count(), rate.millionths);
  CHECK(made.requests() == requests);
  CHECK(made.start_of(0) == 0ns);
  CHECK(made.start_of(requests - 1) == last);
  std::mt19937_64 random{1};
  for (int i = 0; i < 1000; ++i) {
    const auto index = random() % requests;
    REQUIRE(made.start_of(index) == closed_form(index, rate));
  }
}

TEST_CASE("A ramp starts slowly and ends quickly, or the other way round") {
  plan up;
  up.begin_phase("up").add_line(10s, rps(0), rps(10));
  // 50 requests; the area is t² / 2.
  CHECK(up.requests() == 50);
  CHECK(up.start_of(0) == 0s);
  CHECK(up.start_of(2) == 2s);
  CHECK(up.start_of(8) == 4s);
  CHECK(up.start_of(1) == 1'414'213'563ns);
  CHECK(up.start_of(49) == 9'899'494'937ns);

  plan down;
  down.begin_phase("down").add_line(10s, rps(10), rps(0));
  CHECK(down.requests() == 50);
  for (std::uint64_t i = 1; i < 50; ++i) {
    // Its mirror image, but for the rounding.
    const auto mirrored = 10s - up.start_of(50 - i);
    CHECK((down.start_of(i) == mirrored || down.start_of(i) == mirrored + 1ns));
  }
}

TEST_CASE("Nothing starts during a pause, nor at its beginning, but once it is over") {
  plan made;
  made.begin_phase("only").add_constant(1s, rps(2)).add_constant(5s, rps(0)).add_constant(1s, rps(2));
  CHECK(starts_of(made) == std::vector<duration>{0s, 500ms, 6s, 6500ms});
  plan late;
  late.begin_phase("only").add_constant(3s, rps(0)).add_line(2s, rps(0), rps(1));
  CHECK(starts_of(late) == std::vector<duration>{3s});
  CHECK(constant(3s, rps(0)).requests() == 0);
}

TEST_CASE("What is left of a request at the end of a line is carried over the pause and the burst after it") {
  plan made;
  made.begin_phase("only").add_constant(1s, {2'500'000}).add_constant(1s, rps(0)).add_burst(3, 1s);
  made.add_constant(1s, rps(1)).add_constant(1s, rps(1));
  // Half a request is left over at 1 s, so that the first after the burst comes half a second early.
  CHECK(starts_of(made) == std::vector<duration>{0s, 400ms, 800ms, 2s, 2s, 2s, 3500ms, 4500ms});
}

TEST_CASE("A burst's requests start at one moment") {
  plan made;
  made.begin_phase("bursts").add_burst(3, 10s).add_burst(2, 10s);
  CHECK(made.length() == 20s);
  CHECK(starts_of(made) == std::vector<duration>{0s, 0s, 0s, 10s, 10s});
  CHECK(made.requests_before(0s) == 0);
  CHECK(made.requests_before(1ns) == 3);
  CHECK(made.requests_before(10s) == 3);
  CHECK(made.requests_before(10s + 1ns) == 5);
  // One that would start at the end does not start.
  made.add_burst(7, 0s);
  CHECK(made.requests() == 5);
}

TEST_CASE("A step changes the rate at once, and each moment has the rate and the phase that begins with it") {
  plan made;
  made.begin_phase("normal").add_constant(2s, rps(1));
  made.begin_phase("spike").add_constant(1s, rps(4)).add_line(2s, rps(4), rps(2));
  made.begin_phase("burst").add_burst(9, 1s);
  REQUIRE(made.phases().size() == 3);
  CHECK(made.phases()[1].name == "spike");
  CHECK(made.phases()[1].start == 2s);
  CHECK(made.phases()[1].length == 3s);
  CHECK(made.phases()[2].start == 5s);
  CHECK(made.requests() == 2 + 4 + 6 + 9);
  CHECK(made.start_of(2) == 2s);
  CHECK(made.start_of(3) == 2250ms);

  struct row {
    duration moment;
    request_rate rate;
    std::size_t phase;
  };
  const std::vector<row> rows{
      {-1s, rps(0), 0},         {0s, rps(1), 0}, {2s - 1ns, rps(1), 0}, {2s, rps(4), 1}, {3500ms, {3'500'000}, 1},
      {4999ms, {2'001'000}, 1}, {5s, rps(0), 2}, {5500ms, rps(0), 2},   {6s, rps(0), 2}, {1h, rps(0), 2},
  };
  for (const auto& [moment, rate, phase] : rows) {
    CAPTURE(moment.count());
    CHECK(made.rate_at(moment) == rate);
    CHECK(made.phase_at(moment) == phase);
  }
}

TEST_CASE("A plan with nothing in it has no requests") {
  plan none;
  CHECK(none.requests() == 0);
  CHECK(none.requests_before(1s) == 0);
  CHECK(none.rate_at(0s) == rps(0));
  CHECK(none.phase_at(0s) == 0);
  CHECK_FALSE(arrivals(none, arrival_kind::poisson, 1).next());
  none.begin_phase("nothing").add_line(0s, rps(5), rps(9)).add_constant(0s, rps(5));
  CHECK(none.rate_at(0s) == rps(0));
  CHECK_FALSE(arrivals(none, arrival_kind::constant, 1).next());
}

/// A few nanoseconds of very many requests, so that every one of them can be looked at.
struct small_plan {
  struct part {
    std::int64_t length;
    std::int64_t from;
    std::int64_t to;
    std::uint64_t burst;
  };
  std::vector<part> parts;
  plan made;

  explicit small_plan(std::mt19937_64& random) {
    made.begin_phase("only");
    const auto rate = [&] { return random() % 3 == 0 ? 0 : static_cast<std::int64_t>(random() % 400'000'000'000'000); };
    for (auto count = 1 + random() % 5; count > 0; --count) {
      part next{.length = static_cast<std::int64_t>(random() % 200)};
      if (random() % 4 == 0) {
        next.burst = random() % 10;
        made.add_burst(next.burst, duration{next.length});
      } else {
        // Rates that make areas whole at the ends now and then.
        next.from = random() % 2 == 0 ? rate() : 125'000'000'000'000;
        next.to = random() % 3 == 0 ? next.from : rate();
        made.add_line(duration{next.length}, {next.from}, {next.to});
      }
      parts.push_back(next);
    }
  }

  /// By the definition: whether the area is more than `index` from `moment` on.
  bool started(std::uint64_t index, std::int64_t moment) const {
    const wide request = 2'000'000'000'000'000;
    wide left = request * static_cast<std::int64_t>(index);
    for (const auto& each : parts) {
      if (moment < 0) break;
      if (each.burst > 0) left -= request * static_cast<std::int64_t>(each.burst);
      if (left < 0) return true;
      if (moment < each.length) {
        const wide area_times_length =
            wide{2} * each.from * moment * each.length + wide{each.to - each.from} * moment * moment;
        const bool rises = each.from > 0 || each.to > 0;
        return rises ? area_times_length >= left * each.length : area_times_length > left * each.length;
      }
      left -= wide{each.from + each.to} * each.length;
      if (left < 0) return true;
      moment -= each.length;
    }
    return false;
  }
};

TEST_CASE("Every request of a random plan starts at the first nanosecond by which it may") {
  std::mt19937_64 random{GENERATE(range(1u, 400u))};
  const small_plan small{random};
  const auto& made = small.made;
  std::vector<duration> expected;
  for (std::int64_t moment = 0; moment < made.length().count(); ++moment) {
    while (small.started(expected.size(), moment)) expected.emplace_back(moment);
    REQUIRE(made.requests_before(duration{moment + 1}) == expected.size());
  }
  CHECK(made.requests() == expected.size());
  CHECK(starts_of(made) == expected);
  CHECK(moments_of(all_of({made, arrival_kind::constant, 0})) == expected);
}

/// Of the lengths and rates that people use.
plan random_plan(std::mt19937_64& random) {
  plan made;
  const auto rate = [&] { return request_rate{static_cast<std::int64_t>(random() % 5'000'000'000)}; };
  const auto length = [&] { return duration{static_cast<std::int64_t>(random() % 2'000'000'000)}; };
  for (auto count = 2 + random() % 4; count > 0; --count) {
    if (made.phases().empty() || random() % 2 == 0) made.begin_phase("phase " + std::to_string(count));
    switch (random() % 4) {
      case 0: made.add_burst(random() % 500, length()); break;
      case 1: made.add_constant(length(), random() % 3 == 0 ? rps(0) : rate()); break;
      case 2: made.add_line(length(), rps(0), rate()); break;
      default: made.add_line(length(), rate(), random() % 3 == 0 ? rps(0) : rate());
    }
  }
  return made;
}

TEST_CASE("How many start before a moment agrees with when each starts") {
  std::mt19937_64 random{GENERATE(range(1u, 60u))};
  const auto made = random_plan(random);
  const auto starts = starts_of(made);
  CHECK(std::is_sorted(starts.begin(), starts.end()));
  CHECK((starts.empty() || starts.back() < made.length()));
  std::vector<duration> moments{0s, made.length(), made.length() + 1s, -1s};
  for (const auto& each : made.phases()) moments.push_back(each.start);
  for (int i = 0; i < 300; ++i) {
    moments.emplace_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(made.length().count() + 2)));
    if (!starts.empty()) moments.push_back(starts[random() % starts.size()] + duration{random() % 2});
  }
  for (const auto moment : moments) {
    CAPTURE(moment.count());
    const auto expected = std::lower_bound(starts.begin(), starts.end(), moment) - starts.begin();
    CHECK(made.requests_before(moment) == static_cast<std::uint64_t>(expected));
  }
}

TEST_CASE("Rates and lengths at the limits do not overflow") {
  const auto greatest = rps(10'000'000);
  plan made;
  made.begin_phase("only").add_line(84h, rps(0), greatest).add_line(84h, greatest, rps(0));
  CHECK(made.requests() == 3'024'000'000'000);
  CHECK(made.requests_before(84h) == 1'512'000'000'000);
  CHECK(made.start_of(1'512'000'000'000) == 84h);
  // A quarter of a triangle's area is reached at half its length.
  CHECK(made.start_of(378'000'000'000) == 42h);
  CHECK(made.start_of(3'024'000'000'000 - 378'000'000'000) == 126h);
  for (std::uint64_t i = 0; i < 3'024'000'000'000; i += 29'999'999'987) {
    const auto start = made.start_of(i);
    REQUIRE(made.requests_before(start) <= i);
    REQUIRE(made.requests_before(start + 1ns) > i);
  }
}

TEST_CASE("Arrivals are the plan's, numbered from zero and each in its phase") {
  std::mt19937_64 random{GENERATE(range(1u, 30u))};
  const auto made = random_plan(random);
  const auto all = all_of({made, arrival_kind::constant, 7});
  CHECK(moments_of(all) == starts_of(made));
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].index == i);
    const auto& phase = made.phases()[all[i].phase];
    REQUIRE((all[i].at >= phase.start && all[i].at < phase.start + phase.length));
  }
}

TEST_CASE("Workers share a plan without loss, of either kind") {
  std::mt19937_64 random{GENERATE(range(1u, 20u))};
  const auto kind = GENERATE(arrival_kind::constant, arrival_kind::poisson);
  const auto made = random_plan(random);
  const auto seed = random();
  const auto all = all_of({made, kind, seed});
  for (const std::uint64_t stride : {2, 3, 7}) {
    std::vector<arrival> shared;
    for (std::uint64_t first = 0; first < stride; ++first) {
      for (const auto& each : all_of({made, kind, seed, first, stride})) {
        shared.push_back(each);
        CHECK(each.index % stride == first);
      }
    }
    std::sort(shared.begin(), shared.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
    CHECK(rows_of(shared) == rows_of(all));
  }
}

TEST_CASE("The same seed gives the same random starts on every machine, and another gives others") {
  const auto made = constant(1s, rps(1000));
  const auto all = moments_of(all_of({made, arrival_kind::poisson, 1}));
  CHECK(all == moments_of(all_of({made, arrival_kind::poisson, 1})));
  CHECK(all != moments_of(all_of({made, arrival_kind::poisson, 2})));
  REQUIRE(all.size() > 5);
  CHECK(std::vector<duration>(all.begin(), all.begin() + 5) ==
        std::vector<duration>{133877ns, 2045235ns, 4295013ns, 5098249ns, 5847240ns});
}

TEST_CASE("As many random requests start as the plan has, on the average, and as scattered as Poisson's") {
  plan made;
  made.begin_phase("only").add_constant(2s, rps(100)).add_constant(1s, rps(0)).add_line(4s, rps(0), rps(100));
  const double expected = 400;
  constexpr int runs = 400;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    const auto count = static_cast<double>(all_of({made, arrival_kind::poisson, seed}).size());
    sum += count;
    squares += (count - expected) * (count - expected);
  }
  // Four standard errors of the mean, √(400 / 400) = 1, and of the variance, 400 · √(2 / 400) = 28.
  CHECK(std::abs(sum / runs - expected) < 4);
  CHECK(std::abs(squares / runs - expected) < 114);
}

/// Kolmogorov and Smirnov's distance between the sample and the exponential distribution with mean 1.
double distance_from_exponential(std::vector<double> sample) {
  std::sort(sample.begin(), sample.end());
  const auto size = static_cast<double>(sample.size());
  double greatest = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double expected = 1 - std::exp(-sample[i]);
    const auto rank = static_cast<double>(i);
    greatest = std::max({greatest, expected - rank / size, (rank + 1) / size - expected});
  }
  return greatest;
}

TEST_CASE("The plan's area between two random starts is exponentially distributed") {
  plan made;
  double (*area)(double seconds) = nullptr;
  SECTION("at a constant rate") {
    made.begin_phase("only").add_constant(20s, rps(1000));
    area = [](double seconds) { return 1000 * seconds; };
  }
  SECTION("during a ramp") {
    made.begin_phase("only").add_line(20s, rps(0), rps(2000));
    area = [](double seconds) { return 50 * seconds * seconds; };
  }
  SECTION("across bursts, which are not random") {
    made.begin_phase("only");
    for (int i = 0; i < 2000; ++i) made.add_constant(10ms, rps(1000)).add_burst(1, 0s);
    area = [](double seconds) { return 1000 * seconds; };
  }
  std::vector<double> gaps;
  double before = 0;
  for (const auto& each : all_of({made, arrival_kind::poisson, 42})) {
    if (each.at.count() > 0 && each.at % 10ms == 0s) continue;  // a burst's
    const auto now = area(std::chrono::duration<double>(each.at).count());
    gaps.push_back(now - before);
    before = now;
  }
  REQUIRE(gaps.size() > 19'000);
  // The chance that a sample of the right distribution is further away is 0.1 %.
  CHECK(distance_from_exponential(gaps) < 1.95 / std::sqrt(static_cast<double>(gaps.size())));
  // And one gap says nothing about the next.
  double together = 0;
  for (std::size_t i = 1; i < gaps.size(); ++i) together += (gaps[i] - 1) * (gaps[i - 1] - 1);
  CHECK(std::abs(together / static_cast<double>(gaps.size())) < 4 / std::sqrt(static_cast<double>(gaps.size())));
}

TEST_CASE("Bursts alone are the same of either kind") {
  plan made;
  made.begin_phase("bursts").add_burst(3, 10s).add_burst(2, 0s).add_burst(4, 10s).add_burst(0, 1s).add_burst(4, 1s);
  const std::vector<duration> expected{0s, 0s, 0s, 10s, 10s, 10s, 10s, 10s, 10s, 21s, 21s, 21s, 21s};
  CHECK(moments_of(all_of({made, arrival_kind::constant, 1})) == expected);
  CHECK(moments_of(all_of({made, arrival_kind::poisson, 1})) == expected);
}

TEST_CASE("A burst is one among random starts, too") {
  plan made;
  made.begin_phase("before").add_constant(1s, rps(50));
  made.begin_phase("burst").add_burst(200, 1s).add_constant(1s, rps(50));
  const auto all = all_of({made, arrival_kind::poisson, 3});
  std::uint64_t at_once = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].index == i);
    CHECK((i == 0 || all[i].at >= all[i - 1].at));
    CHECK((all[i].at <= 1s || all[i].at >= 2s));
    CHECK(all[i].phase == (all[i].at < 1s ? 0 : 1));
    at_once += all[i].at == 1s ? 1 : 0;
  }
  CHECK(at_once == 200);
  CHECK(all.size() > 260);
  CHECK(all.size() < 340);
}

}  // namespace
}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/load_profile.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <random>

#include "tests/unit/loadgen/schedule/profiles.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
__extension__ using int128 = __int128;

/// i / rate, rounded up to a nanosecond.
duration expected_start(std::uint64_t index, request_rate rate) {
  const auto numerator = int128{static_cast<std::int64_t>(index)} * 1'000'000 * 1'000'000'000;
  return duration{static_cast<std::int64_t>((numerator + rate.millionths - 1) / rate.millionths)};
}

TEST_CASE("load profile: at a constant rate, request i starts at i / rate, without drift", "[loadgen][schedule]") {
  struct profile_case {
    duration length;
    request_rate rate;
    std::uint64_t request_count;
    duration last_start;
  };
  const auto [length, rate, request_count, last_start] = GENERATE(values<profile_case>({
      {1h, requests_per_second(1000), 3'600'000, 3599s + 999ms},
      {10s, requests_per_second(3), 30, 9'666'666'667ns},
      {10s, {500'000}, 5, 8s},
      {11s, {500'000}, 6, 10s},
      {24h, {333'333'333}, 28'800'000, 86399'997'086'400ns},
      {168h, requests_per_second(10'000'000), 6'048'000'000'000, 168h - 100ns},
      {1ns, requests_per_second(1), 1, 0ns},
      {1000h, {1}, 4, 3'000'000s},
  }));
  const auto profile = constant_profile(length, rate);
  CAPTURE(length.count(), rate.millionths);
  CHECK(profile.request_count() == request_count);
  CHECK(profile.start_time_of(0) == 0ns);
  CHECK(profile.start_time_of(request_count - 1) == last_start);
  std::mt19937_64 random{1};
  for (int i = 0; i < 1000; ++i) {
    const auto index = random() % request_count;
    REQUIRE(profile.start_time_of(index) == expected_start(index, rate));
  }
}

TEST_CASE("load profile: a ramp up has few requests at its start, and a ramp down at its end", "[loadgen][schedule]") {
  load_profile up;
  up.begin_phase("up").add_ramp(10s, requests_per_second(0), requests_per_second(10));
  // 50 requests; the area is t² / 2.
  CHECK(up.request_count() == 50);
  CHECK(up.start_time_of(0) == 0s);
  CHECK(up.start_time_of(2) == 2s);
  CHECK(up.start_time_of(8) == 4s);
  CHECK(up.start_time_of(1) == 1'414'213'563ns);
  CHECK(up.start_time_of(49) == 9'899'494'937ns);

  load_profile down;
  down.begin_phase("down").add_ramp(10s, requests_per_second(10), requests_per_second(0));
  CHECK(down.request_count() == 50);
  for (std::uint64_t i = 1; i < 50; ++i) {
    // The mirror image of the ramp up, except for rounding.
    const auto mirrored_time = 10s - up.start_time_of(50 - i);
    CHECK((down.start_time_of(i) == mirrored_time || down.start_time_of(i) == mirrored_time + 1ns));
  }
}

TEST_CASE("load profile: no request starts during a pause or at its start", "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("only")
      .add_constant(1s, requests_per_second(2))
      .add_constant(5s, requests_per_second(0))
      .add_constant(1s, requests_per_second(2));
  CHECK(start_times(profile) == std::vector<duration>{0s, 500ms, 6s, 6500ms});
  load_profile late_profile;
  late_profile.begin_phase("only")
      .add_constant(3s, requests_per_second(0))
      .add_ramp(2s, requests_per_second(0), requests_per_second(1));
  CHECK(start_times(late_profile) == std::vector<duration>{3s});
  CHECK(constant_profile(3s, requests_per_second(0)).request_count() == 0);
}

TEST_CASE("load profile: a fraction of a request is carried over pauses and bursts", "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("only").add_constant(1s, {2'500'000}).add_constant(1s, requests_per_second(0)).add_burst(3, 1s);
  profile.add_constant(1s, requests_per_second(1)).add_constant(1s, requests_per_second(1));
  // Half a request remains at 1 s, so that the first request after the burst is half a second early.
  CHECK(start_times(profile) == std::vector<duration>{0s, 400ms, 800ms, 2s, 2s, 2s, 3500ms, 4500ms});
}

TEST_CASE("load profile: the requests of a burst start together", "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("bursts").add_burst(3, 10s).add_burst(2, 10s);
  CHECK(profile.length() == 20s);
  CHECK(start_times(profile) == std::vector<duration>{0s, 0s, 0s, 10s, 10s});
  CHECK(profile.request_count_before(0s) == 0);
  CHECK(profile.request_count_before(1ns) == 3);
  CHECK(profile.request_count_before(10s) == 3);
  CHECK(profile.request_count_before(10s + 1ns) == 5);
  // Requests at the end of the profile do not start.
  profile.add_burst(7, 0s);
  CHECK(profile.request_count() == 5);
}

TEST_CASE("load profile: a step changes the rate immediately, and a boundary belongs to the later phase",
          "[loadgen][schedule]") {
  load_profile profile;
  profile.begin_phase("normal").add_constant(2s, requests_per_second(1));
  profile.begin_phase("spike")
      .add_constant(1s, requests_per_second(4))
      .add_ramp(2s, requests_per_second(4), requests_per_second(2));
  profile.begin_phase("burst").add_burst(9, 1s);
  REQUIRE(profile.phases().size() == 3);
  CHECK(profile.phases()[1].name == "spike");
  CHECK(profile.phases()[1].start == 2s);
  CHECK(profile.phases()[1].length == 3s);
  CHECK(profile.phases()[2].start == 5s);
  CHECK(profile.request_count() == 2 + 4 + 6 + 9);
  CHECK(profile.start_time_of(2) == 2s);
  CHECK(profile.start_time_of(3) == 2250ms);

  struct profile_case {
    duration offset;
    request_rate rate;
    std::size_t phase;
  };
  const std::vector<profile_case> cases{
      {-1s, requests_per_second(0), 0},
      {0s, requests_per_second(1), 0},
      {2s - 1ns, requests_per_second(1), 0},
      {2s, requests_per_second(4), 1},
      {3500ms, {3'500'000}, 1},
      {4999ms, {2'001'000}, 1},
      {5s, requests_per_second(0), 2},
      {5500ms, requests_per_second(0), 2},
      {6s, requests_per_second(0), 2},
      {1h, requests_per_second(0), 2},
  };
  for (const auto& [offset, rate, phase] : cases) {
    CAPTURE(offset.count());
    CHECK(profile.rate_at(offset) == rate);
    CHECK(profile.phase_at(offset) == phase);
  }
}

TEST_CASE("load profile: an empty profile has no requests", "[loadgen][schedule]") {
  load_profile empty_profile;
  CHECK(empty_profile.request_count() == 0);
  CHECK(empty_profile.request_count_before(1s) == 0);
  CHECK(empty_profile.rate_at(0s) == requests_per_second(0));
  CHECK(empty_profile.phase_at(0s) == 0);
  CHECK_FALSE(arrival_sequence(empty_profile, arrival_process::poisson, 1).next());
  empty_profile.begin_phase("nothing")
      .add_ramp(0s, requests_per_second(5), requests_per_second(9))
      .add_constant(0s, requests_per_second(5));
  CHECK(empty_profile.rate_at(0s) == requests_per_second(0));
  CHECK_FALSE(arrival_sequence(empty_profile, arrival_process::constant, 1).next());
}

/// A profile of up to 1000 nanoseconds, whose definition can be evaluated at each nanosecond.
struct short_profile {
  struct segment {
    std::int64_t length;
    std::int64_t start_rate;
    std::int64_t end_rate;
    std::uint64_t burst_size;
  };
  std::vector<segment> segments;
  load_profile profile;

  explicit short_profile(std::mt19937_64& random) {
    profile.begin_phase("only");
    const auto rate = [&] { return random() % 3 == 0 ? 0 : static_cast<std::int64_t>(random() % 400'000'000'000'000); };
    for (auto count = 1 + random() % 5; count > 0; --count) {
      segment next{.length = static_cast<std::int64_t>(random() % 200)};
      if (random() % 4 == 0) {
        next.burst_size = random() % 10;
        profile.add_burst(next.burst_size, duration{next.length});
      } else {
        // Some rates make the area an integer at the end of a segment.
        next.start_rate = random() % 2 == 0 ? rate() : 125'000'000'000'000;
        next.end_rate = random() % 3 == 0 ? next.start_rate : rate();
        profile.add_ramp(duration{next.length}, {next.start_rate}, {next.end_rate});
      }
      segments.push_back(next);
    }
  }

  /// Returns whether the area up to `time` exceeds `index`, computed from the definition.
  bool has_started(std::uint64_t index, std::int64_t time) const {
    const int128 request = 2'000'000'000'000'000;
    int128 remaining = request * static_cast<std::int64_t>(index);
    for (const auto& segment : segments) {
      if (time < 0) break;
      if (segment.burst_size > 0) remaining -= request * static_cast<std::int64_t>(segment.burst_size);
      if (remaining < 0) return true;
      if (time < segment.length) {
        const int128 area_times_length = int128{2} * segment.start_rate * time * segment.length +
                                         int128{segment.end_rate - segment.start_rate} * time * time;
        const bool has_rate = segment.start_rate > 0 || segment.end_rate > 0;
        const int128 target = remaining * segment.length;
        return has_rate ? area_times_length >= target : area_times_length > target;
      }
      remaining -= int128{segment.start_rate + segment.end_rate} * segment.length;
      if (remaining < 0) return true;
      time -= segment.length;
    }
    return false;
  }
};

TEST_CASE("load profile: every request starts at the earliest possible nanosecond", "[loadgen][schedule]") {
  std::mt19937_64 random{GENERATE(range(1u, 400u))};
  const short_profile example{random};
  const auto& profile = example.profile;
  std::vector<duration> expected;
  for (std::int64_t time = 0; time < profile.length().count(); ++time) {
    while (example.has_started(expected.size(), time)) expected.emplace_back(time);
    REQUIRE(profile.request_count_before(duration{time + 1}) == expected.size());
  }
  CHECK(profile.request_count() == expected.size());
  CHECK(start_times(profile) == expected);
  CHECK(offsets_of(collect({profile, arrival_process::constant, 0})) == expected);
}

TEST_CASE("load profile: the number of requests before a time agrees with their start times", "[loadgen][schedule]") {
  std::mt19937_64 random{GENERATE(range(1u, 60u))};
  const auto profile = random_profile(random);
  const auto times = start_times(profile);
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK((times.empty() || times.back() < profile.length()));
  std::vector<duration> offsets{0s, profile.length(), profile.length() + 1s, -1s};
  for (const auto& phase : profile.phases()) offsets.push_back(phase.start);
  for (int i = 0; i < 300; ++i) {
    offsets.emplace_back(
        static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(profile.length().count() + 2)));
    if (!times.empty()) offsets.push_back(times[random() % times.size()] + duration{random() % 2});
  }
  for (const auto offset : offsets) {
    CAPTURE(offset.count());
    const auto expected = std::lower_bound(times.begin(), times.end(), offset) - times.begin();
    CHECK(profile.request_count_before(offset) == static_cast<std::uint64_t>(expected));
  }
}

TEST_CASE("load profile: rates and lengths at the limits do not overflow", "[loadgen][schedule]") {
  const auto max_rate = requests_per_second(10'000'000);
  load_profile profile;
  profile.begin_phase("only")
      .add_ramp(84h, requests_per_second(0), max_rate)
      .add_ramp(84h, max_rate, requests_per_second(0));
  CHECK(profile.request_count() == 3'024'000'000'000);
  CHECK(profile.request_count_before(84h) == 1'512'000'000'000);
  CHECK(profile.start_time_of(1'512'000'000'000) == 84h);
  // Half the length of a triangle has a quarter of its area.
  CHECK(profile.start_time_of(378'000'000'000) == 42h);
  CHECK(profile.start_time_of(3'024'000'000'000 - 378'000'000'000) == 126h);
  for (std::uint64_t i = 0; i < 3'024'000'000'000; i += 29'999'999'987) {
    const auto start = profile.start_time_of(i);
    REQUIRE(profile.request_count_before(start) <= i);
    REQUIRE(profile.request_count_before(start + 1ns) > i);
  }
}

}  // namespace
}  // namespace cohort::loadgen

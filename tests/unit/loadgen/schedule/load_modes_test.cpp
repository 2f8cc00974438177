// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/load_modes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

constexpr auto per_second = [](std::int64_t requests) { return request_rate::per_second(requests); };

std::vector<std::string> phase_names(const load_profile& profile) {
  std::vector<std::string> names;
  for (const auto& phase : profile.phases()) names.push_back(phase.name);
  return names;
}

/// The phases are adjacent, and their total length is exact.
void check_phases(const load_profile& profile, duration length) {
  duration next_start{};
  for (const auto& phase : profile.phases()) {
    CHECK(phase.start == next_start);
    CHECK(phase.length > 0ns);
    next_start += phase.length;
  }
  CHECK(next_start == length);
  CHECK(profile.length() == length);
}

TEST_CASE("load modes: each mode plans the expected number of requests for any rate and length",
          "[loadgen][schedule]") {
  struct mode_case {
    std::string mode;
    std::int64_t millionths;
    duration length;
    std::uint64_t request_count;
  };
  const auto example = GENERATE(from_range(std::vector<mode_case>{
      {"balanced", 5'000'000, 60s, 300},
      {"constant", 5'000'000, 60s, 300},
      {"heavy", 5'000'000, 60s, 6'000},
      {"spike", 5'000'000, 60s, 75 + 2'400 + 75},
      {"burst", 5'000'000, 60s, 6 * 80},
      {"stress", 5'000'000, 60s, 2'000 * 6 / 2 + 2'000 * 54},
      {"ramp", 5'000'000, 60s, 150},
      {"balanced", 2'500'000, 10s, 25},
      {"heavy", 1'000, 100s, 2},
      // A profile has at least one request, at its start.
      {"balanced", 1'000, 100ms, 1},
      {"spike", 100'000, 10s, 9},
      {"burst", 100'000, 25s, 3 * 2},
      {"burst", 1'000, 100ms, 1},
      {"burst", 5'000'000, 10s, 80},
      {"burst", 5'000'000, 10s + 1ns, 160},
      {"stress", 1'000'000, 100ms, 2 + 36},
      {"ramp", 1'000'000, 100ms, 1},
      {"balanced", 1'000'000'000'000, 168h, 604'800'000'000},
  }));
  CAPTURE(example.mode, example.millionths, example.length.count());
  const auto profile = profile_for_mode(example.mode, request_rate{example.millionths}, example.length);
  CHECK(profile.request_count() == example.request_count);
  check_phases(profile, example.length);
}

TEST_CASE("load modes: balanced, constant and heavy have one phase with one rate", "[loadgen][schedule]") {
  struct mode_case {
    std::string mode;
    std::int64_t rate;
  };
  const auto example = GENERATE(from_range(std::vector<mode_case>{{"balanced", 7}, {"constant", 7}, {"heavy", 140}}));
  const auto profile = profile_for_mode(example.mode, per_second(7), 10s);
  CHECK(phase_names(profile) == std::vector<std::string>{example.mode});
  for (const duration offset : {0ns, 1ns, 5'000'000'000ns, 9'999'999'999ns}) {
    CHECK(profile.rate_at(offset) == per_second(example.rate));
  }
  CHECK(profile.start_time_of(1) == duration{(1'000'000'000 + example.rate - 1) / example.rate});
}

TEST_CASE("load modes: spike has 16 times the rate in the middle half", "[loadgen][schedule]") {
  const auto profile = profile_for_mode("spike", per_second(50), 60s);
  CHECK(phase_names(profile) == std::vector<std::string>{"before", "spike", "after"});
  CHECK(profile.rate_at(0s) == per_second(50));
  CHECK(profile.rate_at(15s - 1ns) == per_second(50));
  CHECK(profile.rate_at(15s) == per_second(800));
  CHECK(profile.rate_at(45s - 1ns) == per_second(800));
  CHECK(profile.rate_at(45s) == per_second(50));
  CHECK(profile.rate_at(60s - 1ns) == per_second(50));
  CHECK(profile.request_count_before(15s) == 750);
  CHECK(profile.request_count_before(45s) == 750 + 24'000);
}

TEST_CASE("load modes: spike has the exact length if it is not divisible by four", "[loadgen][schedule]") {
  const auto length = GENERATE(duration{100'000'001}, duration{100'000'002}, duration{100'000'003});
  check_phases(profile_for_mode("spike", per_second(5), length), length);
}

TEST_CASE("load modes: burst starts a burst of simultaneous requests every ten seconds", "[loadgen][schedule]") {
  const auto profile = profile_for_mode("burst", per_second(5), 25s);
  CHECK(phase_names(profile) == std::vector<std::string>{"bursts"});
  REQUIRE(profile.request_count() == 240);
  for (std::uint64_t i = 0; i < 240; ++i) CHECK(profile.start_time_of(i) == 10s * static_cast<int>(i / 80));
  CHECK(profile.request_count_before(1ns) == 80);
  CHECK(profile.request_count_before(10s) == 80);
  CHECK(profile.request_count_before(10s + 1ns) == 160);
  CHECK(profile.rate_at(5s) == request_rate{});
}

TEST_CASE("load modes: burst is rounded to whole requests, at least one", "[loadgen][schedule]") {
  struct mode_case {
    std::int64_t millionths;
    std::uint64_t burst_size;
  };
  const auto example = GENERATE(mode_case{1'000, 1}, mode_case{31'249, 1}, mode_case{93'749, 1}, mode_case{93'750, 2},
                                mode_case{1'031'249, 16}, mode_case{1'031'250, 17}, mode_case{1'000'000, 16});
  CAPTURE(example.millionths);
  CHECK(profile_for_mode("burst", request_rate{example.millionths}, 100ms).request_count() == example.burst_size);
}

TEST_CASE("load modes: stress ramps up for a tenth of the run, then stays at 400 times the rate",
          "[loadgen][schedule]") {
  const auto profile = profile_for_mode("stress", per_second(2), 100s);
  CHECK(phase_names(profile) == std::vector<std::string>{"ramp up", "full load"});
  CHECK(profile.phases()[0].length == 10s);
  CHECK(profile.rate_at(0s) == request_rate{});
  CHECK(profile.rate_at(5s) == per_second(400));
  CHECK(profile.rate_at(10s) == per_second(800));
  CHECK(profile.rate_at(100s - 1ns) == per_second(800));
  CHECK(profile.request_count_before(5s) == 1'000);
  CHECK(profile.request_count_before(10s) == 4'000);
}

TEST_CASE("load modes: ramp increases the rate linearly from zero", "[loadgen][schedule]") {
  const auto profile = profile_for_mode("ramp", per_second(100), 10s);
  CHECK(phase_names(profile) == std::vector<std::string>{"ramp"});
  CHECK(profile.rate_at(0s) == request_rate{});
  CHECK(profile.rate_at(5s) == per_second(50));
  CHECK(profile.request_count_before(5s) == 125);
  CHECK(profile.request_count() == 500);
}

TEST_CASE("load modes: stages are ramps from the previous rate, or steps", "[loadgen][schedule]") {
  const auto profile = profile_for_stages({{.length = 10s, .rate = per_second(100)},
                                           {.length = 20s, .rate = per_second(100)},
                                           {.length = 10s, .rate = per_second(200), .is_step = true},
                                           {.length = 5s, .rate = per_second(0)},
                                           {.length = 5s, .rate = request_rate{2'500'000}, .is_step = true}});
  check_phases(profile, 50s);
  CHECK(phase_names(profile) ==
        std::vector<std::string>{"1: 0/s to 100/s", "2: 100/s", "3: 200/s", "4: 200/s to 0/s", "5: 2.5/s"});
  struct point {
    duration offset;
    std::int64_t millionths;
  };
  for (const auto& expected :
       {point{0s, 0}, point{5s, 50'000'000}, point{10s, 100'000'000}, point{30s - 1ns, 100'000'000},
        point{30s, 200'000'000}, point{40s - 1ns, 200'000'000}, point{40s, 200'000'000}, point{42500ms, 100'000'000},
        point{45s, 2'500'000}, point{50s - 1ns, 2'500'000}}) {
    CAPTURE(expected.offset.count());
    CHECK(profile.rate_at(expected.offset).millionths == expected.millionths);
  }
  CHECK(profile.request_count_before(10s) == 500);
  CHECK(profile.request_count_before(30s) == 2'500);
  CHECK(profile.request_count_before(40s) == 4'500);
  CHECK(profile.request_count_before(45s) == 5'000);
  CHECK(profile.request_count() == 5'013);
}

TEST_CASE("load modes: stages without a rate have no requests", "[loadgen][schedule]") {
  CHECK(profile_for_stages({}).request_count() == 0);
  CHECK(profile_for_stages({{.length = 10s}, {.length = 10s, .is_step = true}}).request_count() == 0);
}

TEST_CASE("load modes: a closed-loop profile has only a name and a length", "[loadgen][schedule]") {
  const auto profile = closed_loop_profile("as fast as possible", 90s);
  CHECK(phase_names(profile) == std::vector<std::string>{"as fast as possible"});
  check_phases(profile, 90s);
  CHECK(profile.request_count() == 0);
  CHECK(profile.rate_at(45s) == request_rate{});
}

}  // namespace
}  // namespace cohort

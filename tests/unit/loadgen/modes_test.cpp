#include "loadgen/modes.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

constexpr auto per_second = [](std::int64_t requests) { return request_rate::per_second(requests); };

std::vector<std::string> names_of(const plan& of) {
  std::vector<std::string> names;
  for (const auto& each : of.phases()) names.push_back(each.name);
  return names;
}

/// Phases follow each other without a gap, and fill the plan to the nanosecond.
void check_is_whole(const plan& of, duration length) {
  duration at{};
  for (const auto& each : of.phases()) {
    CHECK(each.start == at);
    CHECK(each.length > 0ns);
    at += each.length;
  }
  CHECK(at == length);
  CHECK(of.length() == length);
}

TEST_CASE("Each mode plans as many requests as it says, whatever the rate and the length") {
  struct row {
    std::string mode;
    std::int64_t millionths;
    duration length;
    std::uint64_t requests;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {"balanced", 5'000'000, 60s, 300},
      {"constant", 5'000'000, 60s, 300},
      {"heavy", 5'000'000, 60s, 6'000},
      {"spike", 5'000'000, 60s, 75 + 2'400 + 75},
      {"burst", 5'000'000, 60s, 6 * 80},
      {"stress", 5'000'000, 60s, 2'000 * 6 / 2 + 2'000 * 54},
      {"ramp", 5'000'000, 60s, 150},
      {"balanced", 2'500'000, 10s, 25},
      {"heavy", 1'000, 100s, 2},
      // One request even where the area under the rate is less than that: it starts at the beginning.
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
  CAPTURE(of.mode, of.millionths, of.length.count());
  const auto made = plan_of_mode(of.mode, request_rate{of.millionths}, of.length);
  CHECK(made.requests() == of.requests);
  check_is_whole(made, of.length);
}

TEST_CASE("Balanced, constant and heavy are one phase of one rate") {
  struct row {
    std::string mode;
    std::int64_t rate;
  };
  const auto of = GENERATE(from_range(std::vector<row>{{"balanced", 7}, {"constant", 7}, {"heavy", 140}}));
  const auto made = plan_of_mode(of.mode, per_second(7), 10s);
  CHECK(names_of(made) == std::vector<std::string>{of.mode});
  for (const duration at : {0ns, 1ns, 5'000'000'000ns, 9'999'999'999ns}) CHECK(made.rate_at(at) == per_second(of.rate));
  CHECK(made.start_of(1) == duration{(1'000'000'000 + of.rate - 1) / of.rate});
}

TEST_CASE("A spike is sixteenfold for the middle half") {
  const auto made = plan_of_mode("spike", per_second(50), 60s);
  CHECK(names_of(made) == std::vector<std::string>{"before", "spike", "after"});
  CHECK(made.rate_at(0s) == per_second(50));
  CHECK(made.rate_at(15s - 1ns) == per_second(50));
  CHECK(made.rate_at(15s) == per_second(800));
  CHECK(made.rate_at(45s - 1ns) == per_second(800));
  CHECK(made.rate_at(45s) == per_second(50));
  CHECK(made.rate_at(60s - 1ns) == per_second(50));
  CHECK(made.requests_before(15s) == 750);
  CHECK(made.requests_before(45s) == 750 + 24'000);
}

TEST_CASE("A spike of a length that four does not divide loses no nanosecond") {
  const auto length = GENERATE(duration{100'000'001}, duration{100'000'002}, duration{100'000'003});
  check_is_whole(plan_of_mode("spike", per_second(5), length), length);
}

TEST_CASE("A burst starts all of its requests at one moment, every ten seconds") {
  const auto made = plan_of_mode("burst", per_second(5), 25s);
  CHECK(names_of(made) == std::vector<std::string>{"bursts"});
  REQUIRE(made.requests() == 240);
  for (std::uint64_t i = 0; i < 240; ++i) CHECK(made.start_of(i) == 10s * static_cast<int>(i / 80));
  CHECK(made.requests_before(1ns) == 80);
  CHECK(made.requests_before(10s) == 80);
  CHECK(made.requests_before(10s + 1ns) == 160);
  CHECK(made.rate_at(5s) == request_rate{});
}

TEST_CASE("A burst is rounded to whole requests, and is of one at least") {
  struct row {
    std::int64_t millionths;
    std::uint64_t each;
  };
  const auto of = GENERATE(row{1'000, 1}, row{31'249, 1}, row{93'749, 1}, row{93'750, 2}, row{1'031'249, 16},
                           row{1'031'250, 17}, row{1'000'000, 16});
  CAPTURE(of.millionths);
  CHECK(plan_of_mode("burst", request_rate{of.millionths}, 100ms).requests() == of.each);
}

TEST_CASE("Stress goes up in a line for a tenth, then stays at four hundred times the rate") {
  const auto made = plan_of_mode("stress", per_second(2), 100s);
  CHECK(names_of(made) == std::vector<std::string>{"ramp up", "full load"});
  CHECK(made.phases()[0].length == 10s);
  CHECK(made.rate_at(0s) == request_rate{});
  CHECK(made.rate_at(5s) == per_second(400));
  CHECK(made.rate_at(10s) == per_second(800));
  CHECK(made.rate_at(100s - 1ns) == per_second(800));
  CHECK(made.requests_before(5s) == 1'000);
  CHECK(made.requests_before(10s) == 4'000);
}

TEST_CASE("A ramp goes from nothing to the rate") {
  const auto made = plan_of_mode("ramp", per_second(100), 10s);
  CHECK(names_of(made) == std::vector<std::string>{"ramp"});
  CHECK(made.rate_at(0s) == request_rate{});
  CHECK(made.rate_at(5s) == per_second(50));
  CHECK(made.requests_before(5s) == 125);
  CHECK(made.requests() == 500);
}

TEST_CASE("Stages go in lines from the rate before, the first from zero, and in steps where it is said") {
  const auto made = plan_of_stages({{.length = 10s, .rate = per_second(100)},
                                    {.length = 20s, .rate = per_second(100)},
                                    {.length = 10s, .rate = per_second(200), .is_step = true},
                                    {.length = 5s, .rate = per_second(0)},
                                    {.length = 5s, .rate = request_rate{2'500'000}, .is_step = true}});
  check_is_whole(made, 50s);
  CHECK(names_of(made) ==
        std::vector<std::string>{"1: 0/s to 100/s", "2: 100/s", "3: 200/s", "4: 200/s to 0/s", "5: 2.5/s"});
  struct point {
    duration at;
    std::int64_t millionths;
  };
  for (const auto& each : {point{0s, 0}, point{5s, 50'000'000}, point{10s, 100'000'000}, point{30s - 1ns, 100'000'000},
                           point{30s, 200'000'000}, point{40s - 1ns, 200'000'000}, point{40s, 200'000'000},
                           point{42500ms, 100'000'000}, point{45s, 2'500'000}, point{50s - 1ns, 2'500'000}}) {
    CAPTURE(each.at.count());
    CHECK(made.rate_at(each.at).millionths == each.millionths);
  }
  CHECK(made.requests_before(10s) == 500);
  CHECK(made.requests_before(30s) == 2'500);
  CHECK(made.requests_before(40s) == 4'500);
  CHECK(made.requests_before(45s) == 5'000);
  CHECK(made.requests() == 5'013);
}

TEST_CASE("Stages without any rate have no request") {
  CHECK(plan_of_stages({}).requests() == 0);
  CHECK(plan_of_stages({{.length = 10s}, {.length = 10s, .is_step = true}}).requests() == 0);
}

TEST_CASE("A plan without a rate is a name and a length") {
  const auto made = plan_without_rate("as fast as possible", 90s);
  CHECK(names_of(made) == std::vector<std::string>{"as fast as possible"});
  check_is_whole(made, 90s);
  CHECK(made.requests() == 0);
  CHECK(made.rate_at(45s) == request_rate{});
}

}  // namespace
}  // namespace cohort

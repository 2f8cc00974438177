// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/shrink/shrink.hpp>

#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <stdexcept>

#include <cohort/sim/shrink/schedule_player.hpp>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;
using enum event_action;

schedule schedule_with_events(int count) {
  schedule schedule;
  for (int i = 0; i < count; ++i) {
    schedule.events.push_back({.at = 1234567ns * i, .node = "n", .peer = "/" + std::to_string(i)});
  }
  return schedule;
}

bool has_path(const schedule& schedule, std::string_view path) {
  return std::ranges::find(schedule.events, path, &scheduled_event::peer) != schedule.events.end();
}

http::router make_greeting_router() {
  http::router routes;
  routes.get("/", [](http::request_context&) { return http::response{}.body("fine", "text/plain"); });
  return routes;
}

}  // namespace

TEST_CASE("schedule: the text format of a schedule parses to an equal schedule", "[sim][shrink]") {
  constexpr auto text = R"(seed 42
set deadline 300ms
node time-service-2
12ms request dashboard-service /api/aggregate
40001us reset time-service after=512 connections=0x5
100ms delay dashboard-service time-service by=20ms lasts=1s
1s step-clock by=-5s
7ns power-off weather-service lasts=1500ms
)";
  const auto parsed = parse_schedule(text);
  CHECK(to_text(parsed) == text);
  CHECK(parse_schedule(to_text(parsed)) == parsed);
  CHECK(parsed.events[1] ==
        scheduled_event{.at = 40001us, .action = reset, .node = "time-service", .bytes = 512, .selection = 5});
  CHECK(parsed.duration_parameter("deadline") == 300ms);
  CHECK(parsed.length() == 1100ms + 400ms + 7ns);
}

TEST_CASE("schedule: an invalid line is rejected with its number and the accepted values", "[sim][shrink]") {
  const auto error_of = [](std::string_view text) {
    try {
      parse_schedule(text);
      return std::string{};
    } catch (const std::invalid_argument& error) {
      return std::string{error.what()};
    }
  };
  CHECK(error_of("seed x") == R"(schedule line 1 "seed x" must be "seed NUMBER")");
  CHECK(error_of("seed 1\n\nsoon kill a") ==
        R"(schedule line 3 "soon kill a" must start with "seed", "set", "node" or a time such as 12ms)");
  CHECK(error_of("1ms explode a")
            .starts_with(
                R"(schedule line 1 "1ms explode a" has an unknown action; accepted: request, kill, power-off, )"));
  CHECK(
      error_of("1ms kill a lasts=1") ==
      R"(schedule line 1 "1ms kill a lasts=1" has an invalid option "lasts=1"; accepted: lasts=TIME, by=TIME, after=BYTES, connections=0xMASK)");
  CHECK(error_of("1ms partition a").ends_with("names no second host"));
  CHECK(error_of("1ms request a").ends_with("has no path"));
  CHECK(error_of("1ms kill").ends_with("names no node"));
  CHECK(error_of("99999999999s kill a").find("must start with") != std::string::npos);
}

TEST_CASE("shrink: only the events that the failure needs remain", "[sim][shrink]") {
  const auto needs_three = [](const schedule& run) {
    return has_path(run, "/3") && has_path(run, "/500") && has_path(run, "/999") ? "three" : "";
  };
  const auto shrunk = shrink(schedule_with_events(1000), needs_three);
  CHECK(shrunk.failure == "three");
  REQUIRE(shrunk.schedule.events.size() == 3);
  CHECK(shrunk.schedule.events[0].peer == "/3");
  CHECK(shrunk.schedule.events[0].at == 0s);  // times become round
  CHECK(shrunk.runs < 500);
}

TEST_CASE("shrink: a smaller run is accepted only if its failure is of the same kind", "[sim][shrink]") {
  const auto fails_in_two_ways = [](const schedule& run) -> std::string {
    if (has_path(run, "/1") && has_path(run, "/2")) return "both";
    return has_path(run, "/1") ? "one" : "";
  };
  const auto shrunk = shrink(schedule_with_events(50), fails_in_two_ways);
  CHECK(shrunk.failure == "both");
  CHECK(shrunk.schedule.events.size() == 2);
}

TEST_CASE("shrink: nodes, parameters and details that the failure does not need are removed", "[sim][shrink]") {
  auto run = schedule_with_events(1);
  run.nodes = {"a", "b", "c"};
  run.parameters = {{"deadline", "300ms"}, {"links", "slow"}};
  run.events.push_back({.action = reset, .node = "b", .bytes = 77, .selection = 5});
  run.events.push_back({.action = kill, .node = "c", .lasts = 123'456us});
  const auto shrunk = shrink(run, [](const schedule& schedule) {
    const bool has_reset = std::ranges::find(schedule.events, reset, &scheduled_event::action) != schedule.events.end();
    return has_reset && schedule.has_node("b") && schedule.parameters.contains("links") ? "failure" : "";
  });
  CHECK(to_text(shrunk.schedule) == "seed 1\nset links slow\nnode b\n0s reset b\n");
}

TEST_CASE("shrink: other seeds are tried if the first seed does not reproduce the failure", "[sim][shrink]") {
  auto run = schedule_with_events(10);
  run.seed = 77;
  // With fewer events, the failure needs another seed.
  const auto needs_other_seed = [](const schedule& schedule) {
    return has_path(schedule, "/4") && (schedule.events.size() == 10 || schedule.seed == 3) ? "failure" : "";
  };
  const auto shrunk = shrink(run, needs_other_seed);
  CHECK(shrunk.schedule.seed == 3);
  CHECK(shrunk.schedule.events.size() == 1);
  CHECK(shrink(run, needs_other_seed, {.seeds_per_candidate = 1}).schedule.events.size() == 10);
}

TEST_CASE("shrink: the result is deterministic, and the search ends at the maximum number of runs", "[sim][shrink]") {
  const auto run = [](const schedule& schedule) {
    return has_path(schedule, "/30") && has_path(schedule, "/60") ? "x" : "";
  };
  CHECK(shrink(schedule_with_events(100), run).schedule == shrink(schedule_with_events(100), run).schedule);
  const auto limited_result = shrink(schedule_with_events(100), run, {.max_runs = 5});
  CHECK(limited_result.runs == 5);
  CHECK(run(limited_result.schedule) == std::string{"x"});
  CHECK_THROWS_AS(shrink(schedule_with_events(100), [](const schedule&) { return ""; }), std::invalid_argument);
}

TEST_CASE("shrink: crashes, endless loops and exceptions are detected as failures", "[sim][shrink]") {
  const auto kind_of = [](const failure_test& run) { return isolate(run, {.cpu_time = 1s})({}); };
  CHECK(kind_of([](const schedule&) { return "as returned"; }) == "as returned");
  CHECK(kind_of([](const schedule&) { return ""; }).empty());
  CHECK(kind_of([](const schedule&) -> std::string { throw std::runtime_error("broken"); }) == "exception: broken");
  CHECK(kind_of([](const schedule&) -> std::string {
          std::raise(SIGTERM);
          return {};
        }) == "signal 15");
  CHECK(kind_of([](const schedule&) -> std::string {
          for (volatile bool endless = true; endless;) continue;
          return {};
        }) == "time limit exceeded");
  const auto waits = [](const schedule&) -> std::string {
    ::pause();
    return {};
  };
  CHECK(isolate(waits, {.elapsed_time = 1s})({}) == "time limit exceeded");
}

TEST_CASE("play: each fault is injected at its time and removed", "[sim][shrink]") {
  fleet fleet{1, event_log::mode::timeline};
  auto& server = fleet.add_stub_server("server", 80, make_greeting_router);
  std::vector<std::string> faults;
  std::vector<bool> succeeded;
  player_settings settings;
  settings.on_fault = [&](const auto& event) { faults.emplace_back(to_string(event.action)); };
  settings.on_response = [&](const auto&, const http::client_result& response) {
    succeeded.push_back(response.has_value());
  };
  settings.request_timeout = 100ms;
  play(fleet, parse_schedule(R"(
1s kill server lasts=1s
1500ms kill server lasts=1s
1800ms request server /
2500ms request server /
3s partition server client lasts=1s
3500ms request server /
5s refuse-connections server lasts=1s
5500ms reset server
5600ms request server /
7s stop server lasts=10ms
8s request server /
9s step-clock by=1h
)"),
       std::move(settings));
  fleet.run_for(10s);
  CHECK(faults == std::vector<std::string>{"kill", "partition", "refuse-connections", "reset", "stop", "step-clock"});
  CHECK(succeeded == std::vector{false, true, false, false, true});
  CHECK(server.is_running());
  INFO(fleet.event_log().text());
  CHECK(fleet.event_log().summary(8, 60).find(" lines omitted\n") != std::string::npos);
  CHECK(std::ranges::count(fleet.event_log().summary(8, 60), '\n') == 8);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("play: events of unknown nodes are rejected", "[sim][shrink]") {
  fleet fleet{1};
  CHECK_THROWS_AS(play(fleet, parse_schedule("1s kill nobody")), std::invalid_argument);
  CHECK_THROWS_AS(play(fleet, parse_schedule("1s refuse-connections nobody")), std::invalid_argument);
}

}  // namespace cohort::sim

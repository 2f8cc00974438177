// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/sim/plan/plan.hpp>

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

constexpr duration run_length = 10min;

/// Returns the results of one call per second. From second 120 to 300, every second call fails.
caller_results calls_with_incident() {
  caller_results results;
  for (int second = 0; second < run_length / 1s; ++second) {
    const bool fails = second >= 120 && second < 300 && second % 2 == 0;
    results.ended.push_back({std::chrono::seconds{second}, 500ms, 1, fails ? 502U : 200U, false, !fails});
  }
  return results;
}

TEST_CASE("alert rule: an alert fires while the error ratio of the window is above the threshold", "[sim][plan]") {
  const auto firings = evaluate({"errors", 0.2, {1min}, 0s}, calls_with_incident(), run_length);
  REQUIRE(firings.size() == 1);
  // More than 12 errors of 60 calls, at an evaluation every 15 s: 15 of them at 150 s, and 7 at 345 s.
  CHECK(firings[0].begin == 150s);
  CHECK(firings[0].end == 345s);
}

TEST_CASE("alert rule: an alert fires only after the hold time", "[sim][plan]") {
  const auto held_alert_result = evaluate({"errors", 0.2, {1min}, 1min}, calls_with_incident(), run_length);
  REQUIRE(held_alert_result.size() == 1);
  CHECK(held_alert_result[0].begin == 210s);
  CHECK(evaluate({"errors", 0.2, {1min}, 4min}, calls_with_incident(), run_length).empty());
}

TEST_CASE("alert rule: with several windows, the error ratios of all windows must be above the threshold",
          "[sim][plan]") {
  const auto slow_window_result = evaluate({"errors", 0.2, {5min}, 0s}, calls_with_incident(), run_length);
  REQUIRE(slow_window_result.size() == 1);
  CHECK(slow_window_result[0].begin == 300s);
  CHECK(slow_window_result[0].end == 480s);
  const auto two_window_result = evaluate({"errors", 0.2, {5min, 1min}, 0s}, calls_with_incident(), run_length);
  REQUIRE(two_window_result.size() == 1);
  CHECK(two_window_result[0].begin == 300s);
  CHECK(two_window_result[0].end == 345s);
}

TEST_CASE("alert rule: calls without a response are errors; responses with 4xx are not", "[sim][plan]") {
  const auto [status, fires] = GENERATE(table<unsigned, bool>({{0, true}, {500, true}, {503, true}, {429, false}}));
  caller_results results;
  for (int second = 0; second < 60; ++second) {
    results.ended.push_back({std::chrono::seconds{second}, 100ms, 1, status, false, false});
  }
  const auto firings = evaluate({"errors", 0.5, {1min}, 0s}, results, 75s);
  CHECK(firings.empty() == !fires);
  if (fires) CHECK_FALSE(firings.at(0).end.has_value());
}

TEST_CASE("alert rule: no alert fires without calls", "[sim][plan]") {
  CHECK(evaluate({"errors", 0, {1min}, 0s}, {}, run_length).empty());
}

TEST_CASE("alert rule: an invalid alert rule is rejected with one line", "[sim][plan]") {
  const auto [alert, reason] = GENERATE(table<const char*, const char*>({
      {R"({"name": "b", "max_error_ratio": 2, "windows": ["1min"]})",
       "alerts[1].max_error_ratio must be a number from"},
      {R"({"name": "b", "max_error_ratio": 0.1, "windows": []})", "alerts[1].windows must have at least one"},
      {R"({"name": "b", "max_error_ratio": 0.1, "windows": ["1"]})", R"(alerts[1].windows is "1", but must be)"},
      {R"({"name": "b", "max_error_ratio": 0.1, "windows": ["5s"]})", "alerts[1].windows must be multiples of"},
      {R"({"name": "a", "max_error_ratio": 0.1, "windows": ["1min"]})",
       R"(alerts[1].name is "a", which is also the name of)"},
  }));
  const auto plan = parse_plan(
      R"({"services": [{"name": "shop"}], "load": {"service": "shop", "rate": 1, "length": "1min"},
          "alerts": [{"name": "a", "max_error_ratio": 0.1, "windows": ["1min"]}, )" +
      std::string{alert} + "]}");
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error(), ContainsSubstring(reason));
}

}  // namespace
}  // namespace cohort::sim

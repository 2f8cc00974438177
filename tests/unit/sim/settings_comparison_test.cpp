// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <stdexcept>

#include <cohort/sim/tuning/parallel_for.hpp>
#include <cohort/sim/tuning/settings_comparison.hpp>

using namespace cohort;

TEST_CASE("parallel for: calls the function once for each index", "[sim][tuning][threads]") {
  const std::size_t threads = GENERATE(0U, 1U, 3U, 200U);
  std::vector<int> calls(100);
  sim::parallel_for(calls.size(), threads, [&](std::size_t index) { ++calls[index]; });
  CHECK(calls == std::vector<int>(100, 1));
}

TEST_CASE("parallel for: an exception ends the loop and is rethrown", "[sim][tuning][threads]") {
  const auto fail = [](std::size_t) { throw std::runtime_error{"failed"}; };
  CHECK_THROWS_AS(sim::parallel_for(100, 3, fail), std::runtime_error);
}

TEST_CASE("settings comparison: the verdict depends on the medians and on the larger of the two ranges",
          "[sim][tuning]") {
  using sim::comparison_verdict;
  const auto own = sim::range_of({0.92, 0.90, 0.91});
  CHECK(own.median == 0.91);
  CHECK(own.lowest == 0.90);
  CHECK(own.highest == 0.92);
  CHECK(sim::range_of({0.4, 0.2}).median == (0.4 + 0.2) / 2);

  CHECK(sim::compare(own, sim::range_of({0.95})) == comparison_verdict::better);
  CHECK(sim::compare(own, sim::range_of({0.92})) == comparison_verdict::better_within_range);
  CHECK(sim::compare(own, sim::range_of({0.90, 0.95, 0.97})) == comparison_verdict::better_within_range);
  CHECK(sim::compare(own, own) == comparison_verdict::equal);
  CHECK(sim::compare(own, sim::range_of({0.90})) == comparison_verdict::worse_within_range);
  CHECK(sim::compare(own, sim::range_of({0.85})) == comparison_verdict::worse);
}

TEST_CASE("settings comparison: the result shows the scenarios in which changed settings are better",
          "[sim][tuning][threads]") {
  const auto plan = sim::parse_plan(R"({
    "services": [{"name": "price", "latency": "5ms"},
                 {"name": "front", "calls": [{"to": "price", "policy": "attempts=1,hedge=off,breaker=off"}]}],
    "load": {"service": "front", "rate": 50, "length": "4s", "deadline": "500ms"},
    "scenarios": [{"name": "no fault", "faults": []},
                  {"name": "errors",
                   "faults": [{"at": "0s", "lasts": "4s", "service": "price", "failure_ratio": 0.5}]}]
  })");
  REQUIRE(plan.has_value());
  const sim::setting_overrides more_attempts{
      {"front", {{"PRICE_POLICY", "attempts=8,budget=100%,hedge=off,breaker=off"}}}};
  const auto comparisons = sim::compare_settings(*plan, {}, more_attempts, {.runs = 3, .threads = 1, .seed = 1});
  REQUIRE(comparisons.size() == 2);
  CHECK(comparisons[0].verdict == sim::comparison_verdict::equal);
  CHECK(comparisons[0].baseline.median == 1);
  CHECK(comparisons[0].amplification == 1);
  CHECK(comparisons[1].scenario == "errors");
  CHECK(comparisons[1].verdict == sim::comparison_verdict::better);
  CHECK(comparisons[1].changed.median > 0.95);
  CHECK(comparisons[1].amplification > 1.5);

  const auto parallel_comparisons =
      sim::compare_settings(*plan, {}, more_attempts, {.runs = 3, .threads = 3, .seed = 1});
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    CHECK(parallel_comparisons[i].baseline.lowest == comparisons[i].baseline.lowest);
    CHECK(parallel_comparisons[i].changed.highest == comparisons[i].changed.highest);
  }
}

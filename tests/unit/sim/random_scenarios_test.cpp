// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>

#include <cohort/sim/plan/random_scenarios.hpp>

using namespace cohort;
using namespace std::chrono_literals;

namespace {

sim::plan plan_with_random_scenarios() {
  auto plan = sim::parse_plan(R"({
    "services": [{"name": "price", "instances": 3, "latency": "5ms"},
                 {"name": "door", "program": "door"},
                 {"name": "front", "calls": [{"to": "price"}]}],
    "load": {"service": "front", "rate": 50, "length": "12s", "deadline": "500ms"},
    "scenarios": [{"name": "no fault", "faults": []}],
    "random_scenarios": {"services": ["price", "door"], "count": 200, "seed": 7}
  })",
                              ".", {"door"});
  REQUIRE(plan.has_value());
  return std::move(*plan);
}

/// Returns the text of a scenario without its number.
std::string faults_of(const sim::planned_scenario& scenario) { return scenario.name.substr(scenario.name.find(':')); }

}  // namespace

TEST_CASE("random scenarios: the scenarios have the parameters of the plan, and depend only on seed and number",
          "[sim][plan]") {
  const auto plan = plan_with_random_scenarios();
  REQUIRE(plan.scenarios.size() == 201);
  CHECK(plan.scenarios.front().name == "no fault");
  CHECK(plan.scenarios[1].name.starts_with("1: "));
  const auto fewer_scenarios = sim::draw_scenarios(plan, {{"price", "door"}, 20, 7});
  for (std::size_t i = 0; i < fewer_scenarios.size(); ++i) CHECK(fewer_scenarios[i].name == plan.scenarios[i + 1].name);

  std::set<std::string> faults;
  for (const auto& each : fewer_scenarios) faults.insert(faults_of(each));
  for (const auto& each : sim::draw_scenarios(plan, {{"price", "door"}, 20, 8})) faults.insert(faults_of(each));
  // Two simple scenarios can have the same text.
  CHECK(faults.size() > 35);
}

TEST_CASE("random scenarios: faults are consecutive, in the middle of the load, and of all kinds", "[sim][plan]") {
  const auto plan = plan_with_random_scenarios();
  std::set<std::string> kinds;
  for (std::size_t i = 1; i < plan.scenarios.size(); ++i) {
    INFO(plan.scenarios[i].name);
    duration end = 2s;
    CHECK(plan.scenarios[i].faults.size() <= 3);
    for (const auto& fault : plan.scenarios[i].faults) {
      CHECK(fault.at >= end);
      CHECK(fault.length >= 500ms);
      end = fault.at + fault.length;
      const auto& effects = fault.effects;
      const auto percent = effects.failure_ratio * 100;
      CHECK(std::abs(percent - std::round(percent)) < 1e-6);
      CHECK(effects.extra_latency % 1ms == 0ms);
      CHECK(fault.killed <= 3);
      if (fault.service == "door") CHECK(fault.killed == 1);
      std::string kind;
      if (effects.failure_ratio > 0) kind += "errors ";
      if (effects.hang_ratio > 0) kind += "hangs ";
      if (effects.extra_latency > 0ms) kind += "latency ";
      if (fault.killed > 0) kind += "killed";
      CHECK_FALSE(kind.empty());
      kinds.insert(kind);
    }
    CHECK(end <= 10s);
  }
  CHECK(kinds.size() == 6);
}

TEST_CASE("random scenarios: the name of a scenario describes its faults", "[sim][plan]") {
  const auto plan = plan_with_random_scenarios();
  for (const auto& scenario : sim::draw_scenarios(plan, {{"price"}, 50, 3})) {
    INFO(scenario.name);
    const auto& first = scenario.faults.front();
    const auto errors = std::to_string(std::lround(first.effects.failure_ratio * 100)) + " % errors";
    if (first.effects.failure_ratio > 0) CHECK(scenario.name.find(errors) != std::string::npos);
    if (first.killed > 0)
      CHECK(scenario.name.find(": " + std::to_string(first.killed) + " killed for ") != std::string::npos);
    CHECK((scenario.faults.size() > 1) == (scenario.name.find(", then ") != std::string::npos));
    CHECK(scenario.name.find("price") == std::string::npos);
  }
}

TEST_CASE("random scenarios: a load of at least 1 s is required, so that faults do not overlap", "[sim][plan]") {
  const auto plan = sim::parse_plan(R"({
    "services": [{"name": "price", "latency": "5ms"}],
    "load": {"service": "price", "rate": 50, "length": "600ms"},
    "random_scenarios": {"services": ["price"], "count": 3}
  })",
                                    ".", {});
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error() == "load.length must be at least 1s for random_scenarios");
}

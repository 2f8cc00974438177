// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/unit/sim/scenario_run.hpp"

namespace cohort::sim {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

/// Returns a plan whose scenario deploys a service with two instances. `replaced` is replaced in its text.
std::string deploy_plan(std::string_view replaced = {}, std::string_view replacement = {}) {
  std::string text = R"({
    "services": [
      {"name": "price", "instances": 2, "latency": "40ms", "environment": {"DRAIN_DELAY": "2"}},
      {"name": "shop", "calls": [{"to": "price", "policy": "timeout=1s,attempts=1,hedge=off,breaker=off"}]}
    ],
    "load": {"service": "shop", "rate": 100, "length": "8s", "patience": "2s"},
    "scenarios": [{
      "name": "new version",
      "faults": [],
      "deploys": [{"at": "1s", "service": "price", "deregistration": "1500ms", "startup": "500ms", "pause": "1s"}]
    }]
  })";
  if (!replaced.empty()) text.replace(text.find(replaced), replaced.size(), replacement);
  return text;
}

plan_run run_deploy(const std::string& text) {
  const auto plan = parse_plan(text);
  REQUIRE(plan.has_value());
  return test::run_scenario(*plan, 0);
}

TEST_CASE("planned deploy: no call fails if instances drain for longer than the deregistration", "[sim][plan]") {
  const auto run = run_deploy(deploy_plan());
  CHECK(run.goodput() == 1);
  // Two instances, each with 2 s of drain delay and 500 ms of startup, and a pause between them.
  const auto elapsed = run.deploy_times.at("price");
  REQUIRE(elapsed.has_value());
  CHECK(*elapsed >= 6s);
  CHECK(*elapsed < 6500ms);
}

TEST_CASE("planned deploy: requests in flight fail if they take longer than the drain timeout", "[sim][plan]") {
  const auto drain = GENERATE(as<std::string>{}, "0s", "100ms");
  auto text = deploy_plan(R"("at": "1s")", R"("at": "1s", "drain_timeout": ")" + drain + '"');
  text.replace(text.find(R"("latency": "40ms")"), 17, R"("latency": "400ms")");
  text.replace(text.find(R"("DRAIN_DELAY": "2")"), 18, R"("DRAIN_DELAY": "0")");
  CHECK(run_deploy(text).goodput() < 0.97);
  text.replace(text.find('"' + drain + '"'), drain.size() + 2, R"("2s")");
  CHECK(run_deploy(text).goodput() > 0.997);
}

TEST_CASE("planned deploy: no instance is available during a batch of all instances", "[sim][plan]") {
  const auto run = run_deploy(deploy_plan(R"("at": "1s")", R"("at": "1s", "batch": 2)"));
  CHECK(run.goodput() < 0.95);
  CHECK(*run.deploy_times.at("price") < 3s);
}

TEST_CASE("planned deploy: a deploy that does not end within the run has no reported duration", "[sim][plan]") {
  const auto at_end = deploy_plan(R"("at": "1s")", R"("at": "7900ms")");
  CHECK_FALSE(run_deploy(at_end).deploy_times.at("price").has_value());
}

TEST_CASE("planned deploy: powered-off instances do not respond until they are restarted", "[sim][plan]") {
  const auto fault = R"("faults": [{"at": "1s", "lasts": "2s", "service": "price", "powered_off": 2}])";
  auto text = deploy_plan(R"("faults": [])", fault);
  text.replace(text.find(R"("deploys")"), text.find("]\n    }]") - text.find(R"("deploys")") + 1, R"("deploys": [])");
  const auto run = run_deploy(text);
  CHECK(run.goodput() < 0.85);
  CHECK(run.goodput() > 0.6);
  // Refused connections would fail immediately.
  for (const auto& call : run.callers.ended) {
    if (!call.is_success()) CHECK(call.elapsed > 500ms);
  }
}

TEST_CASE("planned deploy: an invalid deploy is rejected with one line", "[sim][plan]") {
  const auto [replaced, replacement, reason] = GENERATE(table<const char*, const char*, const char*>({
      {R"("at": "1s", "service": "price")", R"("at": "1s", "service": "prize")",
       R"(scenarios[0].deploys[0].service names the service "prize")"},
      {R"("at": "1s")", R"("at": "8s")", "scenarios[0].deploys[0].at must be before the end of the load"},
      {R"("at": "1s")", R"("at": "1s", "batch": 3)", "scenarios[0].deploys[0].batch must be an integer from 1 to 2"},
      {R"("1500ms")", R"("1500")", R"(scenarios[0].deploys[0].deregistration is "1500", but must be a duration)"},
      {R"("faults": [])", R"("faults": [{"at": "1s", "lasts": "1s", "service": "price", "killed": 1}])",
       R"(scenarios[0].deploys[0].service is "price", which the scenario deploys, kills or powers off a second time)"},
      {R"("faults": [])",
       R"("faults": [{"at": "1s", "lasts": "1s", "service": "price", "killed": 1, "powered_off": 1}])",
       "scenarios[0].faults[0] must not have both `killed` and `powered_off`"},
      {R"("faults": [])",
       R"("faults": [{"at": "1s", "lasts": "3s", "service": "price", "killed": 1},
                     {"at": "2s", "lasts": "3s", "service": "price", "powered_off": 1}])",
       "scenarios[0].faults[1] overlaps another fault of price"},
  }));
  const auto plan = parse_plan(deploy_plan(replaced, replacement));
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error(), ContainsSubstring(reason));
}

}  // namespace
}  // namespace cohort::sim

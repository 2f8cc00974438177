// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "tests/unit/sim/scenario_run.hpp"

using namespace cohort;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;

namespace {

/// Returns a plan of a front end with one upstream; the parts in capitals are replaced.
std::string plan_json(std::string_view replaced = {}, std::string_view replacement = {}) {
  std::string text = R"({
    "services": [
      {"name": "price", "instances": 2, "cpu": "1ms", "latency": "lognormal 5ms 20ms", "costs": {"read": "20us"}},
      {"name": "front", "calls": [{"to": "price", "policy": "timeout=500ms,hedge=off"}]}
    ],
    "links": {"min_latency": "50us", "max_latency": "100us", "loss": 0},
    "load": {"service": "front", "rate": 200, "length": "5s", "deadline": "200ms", "patience": "1s"},
    "scenarios": [
      {"name": "no fault", "faults": []},
      {"name": "failures", "faults": [{"at": "1s", "lasts": "2s", "service": "price", "failure_ratio": 0.5}]}
    ],
    "tune": [{"service": "front", "to": "price", "values": {"attempts": ["1", "3"], "timeout": ["100ms", "500ms"]}}],
    "objective": {"min_goodput": 0.9, "max_p99": "300ms", "max_amplification": 1.5}
  })";
  if (!replaced.empty()) text.replace(text.find(replaced), replaced.size(), replacement);
  return text;
}

}  // namespace

TEST_CASE("plan: a run has the planned load and CPU time, and is deterministic for a seed", "[sim][plan]") {
  const auto plan = sim::parse_plan(plan_json());
  REQUIRE(plan.has_value());
  CHECK(plan->warnings.empty());
  const auto quiet = test::run_scenario(*plan, 0);
  CHECK(quiet.goodput() > 0.99);
  CHECK_THAT(static_cast<double>(quiet.callers.calls()), WithinAbs(1000, 100));
  CHECK(quiet.callers.amplification() == 1);
  CHECK_THAT(quiet.requests_per_call("price"), WithinAbs(1, 0.001));
  // 200 requests per second of 1 ms CPU time on two machines.
  CHECK_THAT(quiet.utilization.at("price"), WithinAbs(0.1, 0.03));
  CHECK(*quiet.callers.quantile(0.5) > 5ms);
  CHECK(*quiet.callers.quantile(0.5) < 9ms);
  CHECK(test::run_scenario(*plan, 0).hash == quiet.hash);
  CHECK(test::run_scenario(*plan, 0, 2).hash != quiet.hash);
}

TEST_CASE("plan: attempts and a retry budget increase the goodput during a fault", "[sim][plan]") {
  const auto plan = sim::parse_plan(plan_json());
  REQUIRE(plan.has_value());
  const auto one_attempt = test::run_scenario(*plan, 1, 1, {{"front", {{"PRICE_POLICY", "attempts=1,hedge=off"}}}});
  CHECK_THAT(one_attempt.goodput(), WithinAbs(0.8, 0.05));
  const auto three_attempts =
      test::run_scenario(*plan, 1, 1, {{"front", {{"PRICE_POLICY", "attempts=3,budget=100%,hedge=off"}}}});
  CHECK(three_attempts.goodput() > one_attempt.goodput() + 0.05);
  CHECK(three_attempts.requests_per_call("price") > 1.1);
}

TEST_CASE("plan: callers with a short patience abandon attempts and retry", "[sim][plan]") {
  const auto text = plan_json(R"("patience": "1s")", R"("patience": "3ms", "attempts": 4)");
  const auto plan = sim::parse_plan(text);
  REQUIRE(plan.has_value());
  const auto result = test::run_scenario(*plan, 0);
  CHECK(result.callers.amplification() > 3);
  CHECK(result.goodput() < 0.5);
}

TEST_CASE("plan: killed instances fail calls until they are restarted", "[sim][plan]") {
  const auto text = plan_json(R"("failure_ratio": 0.5)", R"("killed": 2)");
  const auto plan = sim::parse_plan(text);
  REQUIRE(plan.has_value());
  const sim::setting_overrides no_breaker{{"front", {{"PRICE_POLICY", "breaker=off,hedge=off"}}}};
  CHECK_THAT(test::run_scenario(*plan, 1, 1, no_breaker).goodput(), WithinAbs(0.6, 0.1));
  // An open breaker still rejects calls for some time after the instances have been restarted.
  CHECK(test::run_scenario(*plan, 1).goodput() < 0.4);
}

TEST_CASE("plan: an invalid plan is rejected with one line that names the value", "[sim][plan]") {
  const auto [replaced, replacement, reason] = GENERATE(table<const char*, const char*, const char*>({
      {R"("to": "price", "policy")", R"("to": "prize", "policy")",
       R"(services[1].calls[0].to names the service "prize", but the services are front, price)"},
      {R"("timeout=500ms)", R"("timeout=500)",
       R"(services[1].calls[0].policy is "timeout=500,hedge=off", but must be)"},
      {"lognormal 5ms 20ms", "lognormal 5 20", R"(services[0].latency: "lognormal 5 20" must be a duration such as)"},
      {"lognormal 5ms 20ms", "lognormal 20ms 5ms", "needs 0 < median <= p99"},
      {"lognormal 5ms 20ms", "loadgen missing.json", "the file ./missing.json cannot be read: No such file"},
      {R"("length": "5s")", R"("length": "5")", R"(load.length is "5", but must be a duration)"},
      {R"("rate": 200)", R"("rate": -1)", "load.rate must be"},
      {R"("loss": 0)", R"("loss": 2)", "links.loss must be a number from 0 to 1"},
      {R"("load":)", R"("pauses": {"per_second": -1, "length": "1ms"}, "load":)",
       "pauses.per_second must be a number of at least 0"},
      {R"("load":)", R"("idle_slowdown": {"max_factor": 0.5, "full_after": "1ms"}, "load":)",
       "idle_slowdown.max_factor must be a number from 1 to 100"},
      {R"("load":)", R"("idle_slowdown": {"max_factor": 2, "full_after": "1"}, "load":)",
       "idle_slowdown.full_after is \"1\", but must be a duration"},
      {R"("load":)", R"("pauses": {"per_second": 500, "length": "2ms"}, "load":)",
       "pauses would leave the cores no time: per_second times the mean length must be less than 1s"},
      {R"("at": "1s")", R"("at": "9s")", "scenarios[1].faults[0].at must be before the end of the load"},
      {R"("failure_ratio": 0.5})", R"("failure_ratio": 0.5}, {"at": "2s", "lasts": "9s", "service": "price"})",
       "scenarios[1].faults[1] overlaps another fault of price, but must start after its end, or end before it"},
      {R"("failure_ratio": 0.5})", R"("slowdown": 1e300})",
       "faults[0].slowdown must be a number greater than 0 and "
       "at most 1000"},
      {R"("name": "failures")", R"("name": "no fault")",
       R"(scenarios[1].name is "no fault", which is also the name of another scenario)"},
      {R"("attempts": ["1", "3"])", R"("attempts": ["0"])", R"(tune[0].values.attempts has "0")"},
      {R"("attempts": ["1", "3"])", R"("tries": ["1"])", R"(tune[0].values.tries has "1")"},
      {R"("service": "front", "to": "price")", R"("service": "price", "to": "front")", "which price does not call"},
      {R"("max_amplification": 1.5)", R"("max_amplification": 0.5)", "objective.max_amplification must be at least 1"},
      {R"("instances": 2)", R"("instances": 0)", "services[0].instances must be an integer from 1 to 1000"},
      {R"("name": "front",)", R"("name": "front", "program": "shop",)", R"(services[1].program is "shop")"},
      {R"("latency": "lognormal 5ms 20ms")", R"("latency": "5ms", "calls": [{"to": "front"}])",
       "services must not call each other in a cycle: price -> front -> price"},
      {R"("min_goodput": 0.9)", R"("max_loss": 2)", "objective.max_loss must be a number from 0 to 1"},
      {R"("tune")", R"("random_scenarios": {"services": ["prize"], "count": 3}, "tune")",
       R"(random_scenarios.services names the service "prize", but the services are front, price)"},
      {R"("tune")", R"("random_scenarios": {"services": [], "count": 3}, "tune")",
       "random_scenarios.services must have at least one service"},
      {R"("tune")", R"("random_scenarios": {"services": ["price"], "count": 0}, "tune")",
       "random_scenarios.count must be an integer from 1 to 10000"},
      {R"("tune")", R"("random_scenarios": {"services": ["price"], "count": 3, "seed": -1}, "tune")",
       "random_scenarios.seed must be an integer from 1 to "},
      {R"("tune")", R"("tuned")", "tuned"},
  }));
  const auto plan = sim::parse_plan(plan_json(replaced, replacement));
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error(), ContainsSubstring(reason));
  CHECK(plan.error().find('\n') == std::string::npos);
}

TEST_CASE("plan: the error for a string with a line feed is one line", "[sim][plan]") {
  const auto plan = sim::parse_plan(plan_json(R"("lognormal 5ms 20ms")", R"("x\ny")"));
  REQUIRE_FALSE(plan.has_value());
  CHECK_THAT(plan.error(), ContainsSubstring("x?y"));
  CHECK(plan.error().find('\n') == std::string::npos);
}

TEST_CASE("plan: an environment variable that the service does not read is an error", "[sim][plan]") {
  const auto plan_with = [](const std::string& environment, const std::string& programs = "") {
    const auto text = plan_json(R"("calls": [{)", programs + R"("environment": {)" + environment + R"(}, "calls": [{)");
    auto plan = sim::parse_plan(text, ".", {"door"});
    REQUIRE(plan.has_value());
    return *plan;
  };
  sim::program_catalog programs;
  programs["door"] = [] {
    service::definition program;
    program.name = "door";
    program.add_options = [](config::options& options) {
      static std::string key;
      options.add_secret(key, {"--key", "DOOR_KEY", "Key"});
    };
    return program;
  };

  CHECK_FALSE(sim::find_unknown_variable(plan_with(R"("DRAIN_DELAY": "2", "PRICE_URL": "http://price")")));
  CHECK(sim::find_unknown_variable(plan_with(R"("DRAIN_DELAI": "2")")) ==
        "services[1].environment has \"DRAIN_DELAI\", which front does not read; did you mean DRAIN_DELAY?");
  const auto listed = sim::find_unknown_variable(plan_with(R"("COLOR": "red")"));
  REQUIRE(listed.has_value());
  CHECK_THAT(*listed, ContainsSubstring("; its variables are ADVERTISE_ADDRESS, API_KEY, API_KEY_FILE, "));
  CHECK_THAT(*listed, ContainsSubstring(", PRICE_POLICY, PRICE_URL, "));

  const std::string real = R"("real_program": "door", )";
  CHECK_FALSE(sim::find_unknown_variable(plan_with(R"("DOOR_KEY_FILE": "key", "PRICE_URL": "x")", real), programs));
  CHECK(sim::find_unknown_variable(plan_with(R"("DOOR_KEYS": "key")", real), programs) ==
        "services[1].environment has \"DOOR_KEYS\", which front does not read; did you mean DOOR_KEY?");
  // The environment variables of an unknown program are not checked.
  CHECK_FALSE(sim::find_unknown_variable(plan_with(R"("DOOR_KEYS": "key")", real)));
  const std::string program = R"("program": "door", )";
  CHECK(sim::find_unknown_variable(plan_with(R"("PRICE_URL": "x")", program), programs).has_value());
}

TEST_CASE("plan: a plan without services is rejected", "[sim][plan]") {
  const auto plan =
      sim::parse_plan(R"({"services": [], "load": {"service": "front", "rate": 1, "length": "1s"}})", ".", {});
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error() == "services must have at least one service");
}

TEST_CASE("plan: consecutive faults of one service, and simultaneous faults of several services, are accepted",
          "[sim][plan]") {
  const auto after = sim::parse_plan(plan_json(
      R"("failure_ratio": 0.5})", R"("failure_ratio": 0.5}, {"at": "4s", "lasts": "1s", "service": "price"})"));
  const auto plan_with_other_program = sim::parse_plan(plan_json(
      R"("failure_ratio": 0.5})", R"("failure_ratio": 0.5}, {"at": "2s", "lasts": "1s", "service": "front"})"));
  CHECK(after.has_value());
  CHECK(plan_with_other_program.has_value());
}

TEST_CASE("plan: a value outside the model's range of validity causes a warning", "[sim][plan]") {
  const auto lossy = sim::parse_plan(plan_json(R"("loss": 0)", R"("loss": 0.2)"));
  REQUIRE(lossy.has_value());
  CHECK(lossy->warnings.size() == 1);
  const auto threads = sim::parse_plan(plan_json(R"("instances": 2)", R"("threads": 4)"));
  REQUIRE(threads.has_value());
  CHECK(threads->warnings.size() == 1);
}

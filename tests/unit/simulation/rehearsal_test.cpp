// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "simulation/rehearse/idle_response.hpp"
#include "simulation/rehearse/measured_pauses.hpp"
#include "simulation/rehearse/real_plan.hpp"
#include "simulation/rehearse/report.hpp"
#include "simulation/rehearse/simulated_run.hpp"

namespace cohort::simulation::rehearsal {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

/// Returns a plan of a front end with a modeled upstream, in which `replaced` is replaced. The upstream has 1 ms of CPU
/// time and a fault from 2 to 4 s.
std::string plan_json(std::string_view replaced = {}, std::string_view replacement = {}) {
  std::string text = R"({
    "services": [
      {"name": "price", "cpu": "1ms", "costs": {"read": "20us", "response": "20us"}},
      {"name": "front", "costs": {"read": "20us"}, "calls": [{"to": "price", "policy": "timeout=500ms,hedge=off"}]}
    ],
    "links": {"min_latency": "50us", "max_latency": "50us"},
    "load": {"service": "front", "rate": 100, "length": "6s", "patience": "1s", "attempts": 2},
    "rehearsal": {"calibration_rate": 100, "length": "4s", "rates": [50]},
    "scenarios": [{"name": "failures", "faults": [
      {"at": "2s", "lasts": "2s", "service": "price", "failure_ratio": 0.5}
    ]}]
  })";
  if (!replaced.empty()) text.replace(text.find(replaced), replaced.size(), replacement);
  return text;
}

sim::plan parse(std::string_view replaced = {}, std::string_view replacement = {}) {
  auto plan = sim::parse_plan(plan_json(replaced, replacement), ".", {"weather-service"});
  if (!plan) FAIL(plan.error());
  return std::move(*plan);
}

observed_run simulate(const sim::plan& plan, double rate = 100) {
  return rehearsal::simulate(plan, plan.scenarios.front(), rate, plan.load.length, {}, 1);
}

TEST_CASE("rehearsal: a plan that the real programs cannot run is rejected with one line", "[sim][rehearsal]") {
  const auto [replaced, replacement, reason] = GENERATE(table<const char*, const char*, const char*>({
      {R"("name": "price",)", R"("name": "price", "instances": 2,)",
       R"(services[0] "price" has 2 instances, but a real run has one instance of each service)"},
      {R"("name": "price",)", R"("name": "price", "real_program": "price-service",)",
       R"(services[0].real_program is "price-service", but must be one of: time-service,)"},
      {R"("name": "price",)", R"("name": "price", "threads": 2,)", "services[0].threads is 2"},
      {R"("name": "price",)", R"("name": "price", "cores": 2,)", "services[0].cores is 2"},
      {R"("failure_ratio": 0.5)", R"("failure_ratio": 0.005)",
       "scenarios[0].faults[0].failure_ratio must be a whole percentage"},
      {R"("failure_ratio": 0.5)", R"("extra_latency": "1500us")",
       "scenarios[0].faults[0].extra_latency must be an integer number of milliseconds"},
      {R"("failure_ratio": 0.5)", R"("powered_off": 1)",
       "scenarios[0].faults[0].powered_off is not supported in a real run"},
      {R"("name": "failures",)", R"("name": "failures", "deploys": [{"at": "1s", "service": "front"}],)",
       "scenarios[0].deploys is not supported in a real run"},
      {R"("attempts": 2)", R"("attempts": 2, "deadline": "500ms")",
       "load.deadline without load.sends_deadline is not supported"},
      {R"("attempts": 2)", R"("attempts": 2, "partial_result_text": "x")", "load.partial_result_text is not supported"},
      {R"("max_latency": "50us")", R"("max_latency": "50us", "loss": 0.01)",
       "links.loss is not supported in a real run, which uses loopback"},
      {R"("attempts": 2})", R"("attempts": 2}, "pauses": {"per_second": 1, "length": "1ms"})",
       "pauses is not supported in a real run"},
      {R"("attempts": 2})", R"("attempts": 2}, "idle_slowdown": {"max_factor": 2, "full_after": "1ms"})",
       "idle_slowdown is not supported in a real run"},
      {R"("rehearsal": {"calibration_rate": 100, "length": "4s", "rates": [50]},)", "", "rehearsal is required"},
  }));
  const auto result = make_real_plan(parse(replaced, replacement));
  REQUIRE_FALSE(result.has_value());
  CHECK_THAT(result.error(), ContainsSubstring(reason));
  CHECK(result.error().find('\n') == std::string::npos);
}

TEST_CASE("rehearsal: a slowdown of a real program is rejected as unsupported", "[sim][rehearsal]") {
  auto plan = parse(R"("failure_ratio": 0.5)", R"("slowdown": 3)");
  CHECK(make_real_plan(plan).has_value());
  plan.services.front().real_program = "weather-service";
  CHECK_THAT(make_real_plan(plan).error(),
             ContainsSubstring("scenarios[0].faults[0].slowdown is not supported by weather-service"));
}

TEST_CASE("rehearsal: a real run has the services, load and faults of the plan", "[sim][rehearsal]") {
  const auto result = make_real_plan(parse());
  REQUIRE(result.has_value());
  REQUIRE(result->services.size() == 2);
  CHECK(result->services[1].machine == "front");
  CHECK(result->services[1].calls.front().url_variable == "PRICE_URL");
  CHECK(result->load.retries == 1);
  CHECK(result->load.timeout_s == 3);
  CHECK_FALSE(result->load.deadline_s.has_value());
  CHECK(result->rates.front().name == "50/s");
  const auto& scenario = result->scenarios.front();
  CHECK(scenario.faults.front().error_percent == 50);
  REQUIRE(scenario.phases.size() == 3);
  CHECK(scenario.phases[0].name == "before");
  CHECK(scenario.phases[1].name == "fault");
  CHECK(scenario.phases[1].start_s == 2);
  CHECK(scenario.phases[2].name == "after");
  CHECK(scenario.phases[2].length_s == 2);
}

TEST_CASE("rehearsal: a simulated run has measurements for each second and each phase, and the states of its breakers",
          "[sim][rehearsal]") {
  const auto run = simulate(parse(R"("failure_ratio": 0.5)", R"("failure_ratio": 1)"));
  REQUIRE(run.seconds.size() == 6);
  REQUIRE(run.phases.size() == 3);
  CHECK(run.phases[0].good == run.phases[0].calls);
  CHECK(run.phases[1].good == 0);
  CHECK(run.phases[1].attempts == 2 * run.phases[1].calls);
  CHECK(run.phases[1].outcomes.at("5xx") == run.phases[1].calls);
  CHECK(run.seconds[1].good > 70);
  CHECK(run.seconds[3].good == 0);
  REQUIRE_FALSE(run.breakers.empty());
  CHECK(run.breakers.front().upstream == "price");
  CHECK(run.breakers.front().state == "open");
  CHECK(run.breakers.front().at_s > 2);
  CHECK(run.breakers.front().at_s < 3.5);
}

TEST_CASE("rehearsal: a response without the text of a complete result is partial, and does not count as goodput",
          "[sim][rehearsal]") {
  // The body of a modeled service is "{}".
  const auto complete = simulate(parse(R"("attempts": 2)", R"("attempts": 2, "complete_result_text": "{}")"));
  CHECK(complete.phases[0].good == complete.phases[0].calls);
  const auto partial = simulate(parse(R"("attempts": 2)", R"("attempts": 2, "complete_result_text": "fresh")"));
  CHECK(partial.phases[0].good == 0);
  CHECK(partial.phases[0].outcomes.at("partial") == partial.phases[0].calls);
  CHECK(partial.phases[0].attempts == partial.phases[0].calls);
}

TEST_CASE("rehearsal: percentiles are lower bounds if a call receives no response in time", "[sim][rehearsal]") {
  const auto run = simulate(parse(R"("failure_ratio": 0.5)", R"("hang_ratio": 1)"));
  const auto& fault = run.phases[1];
  CHECK_FALSE(run.phases[0].p99_is_lower_bound);
  CHECK(fault.good == 0);
  CHECK(fault.outcomes.at("5xx") == fault.calls);
  const auto short_timeout_run =
      simulate(parse(R"("patience": "1s", "attempts": 2},)", R"("patience": "1us", "attempts": 2},)"));
  CHECK(short_timeout_run.phases[0].outcomes.at("no response") == short_timeout_run.phases[0].calls);
  CHECK(short_timeout_run.phases[0].p99_is_lower_bound);
  CHECK(short_timeout_run.phases[0].attempts == 2 * short_timeout_run.phases[0].calls);
}

/// Measurements that consist of these calibrations.
real_runs calibrations(std::vector<observed_run> runs, std::vector<observed_run> single_calls = {}) {
  return {"a machine", std::move(runs), std::move(single_calls), {}, {}};
}

TEST_CASE("rehearsal: calibration finds the CPU costs and the latency of another plan", "[sim][rehearsal]") {
  // Replaces the real programs: a plan with three times the HTTP costs and slower links.
  auto real_plan = parse();
  for (auto& service : real_plan.services) {
    service.costs.read = service.costs.read.scaled(3);
    service.costs.other_routes = service.costs.other_routes.scaled(3);
  }
  real_plan.links.min_latency = real_plan.links.max_latency = 400us;
  const auto real = rehearsal::simulate(real_plan, {"calibration", {}}, 100, 4s, {}, 7);
  const auto found = calibrate(parse(), calibrations({real}), {});
  REQUIRE(found.costs.size() == 2);
  const auto& price = found.plan.services.front().costs;
  CHECK_THAT(to_seconds(price.read.mean()), WithinRel(60e-6, 0.05));
  // The handler's work is part of the model, not of its HTTP costs.
  CHECK(found.plan.services.front().model->cpu.mean() == 1ms);
  CHECK_THAT(found.added_latency_us, WithinAbs(350, 35));
}

TEST_CASE("rehearsal: the response time after idle time is fitted by a linear increase up to a maximum",
          "[sim][rehearsal]") {
  // 400 µs, and 100 µs more for each millisecond up to 6 ms; the calls of the calibration have shorter idle times.
  const std::vector<observed_idle_group> calibrated{
      {100, 4000, 412}, {500, 2000, 450}, {1000, 800, 495}, {2000, 90, 603}};
  auto groups = calibrated;
  groups.push_back({19'000, 300, 1000});
  const auto fit = fit_idle_response(groups);
  REQUIRE(fit.has_value());
  CHECK_THAT(fit->base_us, WithinAbs(401, 5));
  CHECK_THAT(fit->increase_us, WithinAbs(600, 10));
  CHECK_THAT(fit->saturation_idle_us, WithinRel(6000.0, 0.05));
  CHECK_FALSE(fit_idle_response({{100, 10, 400}, {1000, 10, 390}}).has_value());
  CHECK_FALSE(fit_idle_response({{100, 10, 400}}).has_value());
  CHECK_FALSE(fit_idle_response({}).has_value());
}

TEST_CASE("rehearsal: a calibration at one rate predicts the median at lower rates, at which the cores are idle longer",
          "[sim][rehearsal]") {
  const auto fast_plan = [] { return parse(R"("cpu": "1ms",)", ""); };
  auto real_plan = fast_plan();
  for (auto& service : real_plan.services) service.costs.read = sim::distribution::constant(100us);
  real_plan.slowdown_after_idle = {3, 6ms};
  const auto run = [](const sim::plan& plan, double rate) {
    return rehearsal::simulate(plan, {"no fault", {}, {}}, rate, 20s, {}, 7);
  };
  const auto found = calibrate(fast_plan(), calibrations({run(real_plan, 1000)}, {run(real_plan, 50)}), {});
  CHECK(found.has_idle_times);
  CHECK_THAT(to_milliseconds(found.plan.slowdown_after_idle.full_after), WithinRel(6.0, 0.15));
  auto plan_without_slowdown = found.plan;
  plan_without_slowdown.slowdown_after_idle = {};
  for (const auto rate : {125.0, 250.0, 500.0}) {
    const auto p50 = [&](const sim::plan& plan) {
      return static_cast<double>(run(plan, rate).phases.front().p50_us.value());
    };
    CHECK_THAT(p50(found.plan), WithinRel(p50(real_plan), 0.05));
    CHECK(p50(plan_without_slowdown) < 0.9 * p50(real_plan));
  }
}

TEST_CASE("rehearsal: a calibration with too few idle times cannot predict lower loads", "[sim][rehearsal]") {
  auto real = rehearsal::simulate(parse(), {"calibration", {}}, 100, 4s, {}, 7);
  CHECK(calibrate(parse(), calibrations({real}), {}).has_idle_times);
  real.response_after_idle = {{100, 99, 500}};
  const auto found = calibrate(parse(), calibrations({real}), {});
  CHECK_FALSE(found.has_idle_times);
  CHECK_FALSE(found.plan.slowdown_after_idle.any());
}

/// The dispatch lag of calls at random times on a core with these pauses and a normal wake-up of 30 µs.
std::vector<observed_lag> dispatch_lag(const sim::core_pauses& source, int calls) {
  sim::pause_sequence pauses{source, 5, time_point{}};
  random_generator random{6};
  std::map<std::int64_t, std::int64_t> counts;
  time_point now{};
  time_point busy_until{};
  for (int i = 0; i < calls; ++i) {
    now += random.uniform_between(0ms, 4ms);
    busy_until = pauses.apply_pauses(now, busy_until);
    ++counts[std::chrono::round<std::chrono::microseconds>(std::max(busy_until - now, duration{0})).count() + 30];
  }
  std::vector<observed_lag> lag;
  for (const auto& [lag_us, count] : counts) lag.push_back({lag_us, count});
  return lag;
}

TEST_CASE("rehearsal: the pauses of a core are estimated from the dispatch lag", "[sim][rehearsal]") {
  const auto length = GENERATE(sim::distribution::constant(3ms), sim::distribution::uniform(1ms, 3ms));
  const auto found = pauses_from_dispatch_lag(dispatch_lag({10, length}, 300'000));
  CHECK_THAT(found.per_second, WithinRel(10.0, 0.15));
  CHECK_THAT(to_milliseconds(found.length.mean()), WithinRel(to_milliseconds(length.mean()), 0.15));
}

TEST_CASE("rehearsal: the rate of the pauses at other loads is between the rate of idle cores and the calibrated rate",
          "[sim][rehearsal]") {
  auto real = rehearsal::simulate(parse(), {"calibration", {}, {}}, 100, 4s, {}, 7);
  auto idle_run = real;
  real.dispatch_lag = {{30, 960}, {1000, 40}};
  idle_run.dispatch_lag = {{30, 990}, {1000, 10}};
  const auto found = calibrate(parse(), calibrations({real}, {idle_run}), {});
  const auto pauses_per_second = found.plan.pauses.per_second;
  REQUIRE(pauses_per_second > 0);
  CHECK_THAT(plan_for_rate(found, 100).pauses.per_second, WithinRel(pauses_per_second, 0.001));
  CHECK_THAT(plan_for_rate(found, 200).pauses.per_second, WithinRel(pauses_per_second, 0.001));
  CHECK_THAT(plan_for_rate(found, 50).pauses.per_second, WithinRel(pauses_per_second * 0.625, 0.001));
  CHECK_THAT(plan_for_rate(found, 0.001).pauses.per_second, WithinRel(pauses_per_second * 0.25, 0.001));
  // Without measurements of idle cores, the rate of the pauses does not depend on the load.
  CHECK_THAT(plan_for_rate(calibrate(parse(), calibrations({real}), {}), 50).pauses.per_second,
             WithinRel(pauses_per_second, 0.001));
}

TEST_CASE("rehearsal: the lag of normal wake-ups does not count as a pause", "[sim][rehearsal]") {
  CHECK_FALSE(pauses_from_dispatch_lag({}).any());
  CHECK_FALSE(pauses_from_dispatch_lag({{30, 1000}, {200, 10}}).any());
}

TEST_CASE("rehearsal: with the dispatch lag of the calibration, the simulated p99 agrees with the measured p99",
          "[sim][rehearsal]") {
  auto real_plan = parse();
  real_plan.pauses = {10, sim::distribution::uniform(1ms, 4ms)};
  // The run is long enough to measure the 99th percentile.
  const auto simulate_100_s = [](const sim::plan& plan) {
    return rehearsal::simulate(plan, {"calibration", {}}, 100, 100s, {}, 7);
  };
  auto real = simulate_100_s(real_plan);
  const auto p99_of = [&](const sim::plan& plan) {
    return static_cast<double>(simulate_100_s(plan).phases.front().p99_us.value());
  };
  const auto p99_without_lag = p99_of(calibrate(parse(), calibrations({real}), {}).plan);
  real.dispatch_lag = dispatch_lag(real_plan.pauses, 100'000);
  const auto p99_with_lag = p99_of(calibrate(parse(), calibrations({real}), {}).plan);
  const auto measured = static_cast<double>(real.phases.front().p99_us.value());
  CHECK_THAT(p99_with_lag, WithinRel(measured, 0.15));
  CHECK(p99_without_lag < measured * 0.8);
}

TEST_CASE("rehearsal: simulated and measured values are compared, with the range of repeated runs",
          "[sim][rehearsal]") {
  auto plan = parse();
  auto fast_run = simulate(plan);
  auto slow_run = fast_run;
  fast_run.phases[0].p99_us = 1000;
  slow_run.phases[0].p99_us = 3000;
  auto predicted_run = fast_run;
  predicted_run.phases[0].p99_us = 1500;
  predicted_run.phases[0].good -= predicted_run.phases[0].calls / 2;
  const auto prediction_comparison = compare(predicted_run, {slow_run, fast_run}, 200, {});
  CHECK(prediction_comparison.warnings.empty());
  const auto& values = prediction_comparison.phases.front().values;
  const auto find = [&](std::string_view name) {
    return *std::find_if(values.begin(), values.end(), [&](const auto& each) { return each.name == name; });
  };
  CHECK(find("p99").is_within_spread());
  CHECK(find("p99").difference() == "-50 %");
  CHECK(find("p99").format_measured() == "3.00 ms (1.00 ms to 3.00 ms)");
  CHECK_FALSE(find("goodput").is_within_spread());
  CHECK_THAT(find("goodput").difference(), ContainsSubstring("-50.0 points") || ContainsSubstring("-49."));
}

TEST_CASE("rehearsal: a prediction above the calibrated load is marked in the report", "[sim][rehearsal]") {
  const auto plan = parse();
  const auto run = simulate(plan);
  CHECK(compare(run, {run}, 200, {}).warnings.empty());
  const auto comparison_beyond_calibration = compare(run, {run}, 50, {});
  REQUIRE(comparison_beyond_calibration.warnings.size() == 1);
  CHECK_THAT(comparison_beyond_calibration.warnings.front(),
             ContainsSubstring("attempts a second, but the CPU costs were measured at 50"));
  rehearsal_result result{"a machine", {.plan = plan, .costs = {}, .rate = 50}, {}, {comparison_beyond_calibration}};
  CHECK_THAT(text_report(result), ContainsSubstring("~"));
  CHECK_THAT(html_report(result, "command"), ContainsSubstring("failures: outside the model"));
  result.scenarios = {compare(run, {run}, 200, {})};
  CHECK_THAT(text_report(result), !ContainsSubstring("~"));
}

}  // namespace
}  // namespace cohort::simulation::rehearsal

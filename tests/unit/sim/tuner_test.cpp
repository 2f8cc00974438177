// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>

#include <cohort/runtime/random.hpp>
#include <cohort/sim/tuning/policy_tuner.hpp>

using namespace cohort;
using Catch::Matchers::WithinAbs;

namespace {

/// Candidate 11 is slightly better than the others; the noise of a sample is ten times the difference to the
/// second-best candidate.
double draw_noisy_sample(std::size_t candidate, std::uint64_t seed) {
  random_generator random{candidate * 1000 + seed};
  return -0.01 * std::abs(static_cast<double>(candidate) - 11) + 0.1 * (random.uniform() - 0.5);
}

/// Half of the calls to `price` fail for some time; more attempts are better up to the limit of amplification.
std::string plan_with_objective(std::string_view objective) {
  return R"({
    "services": [{"name": "price", "latency": "5ms"},
                 {"name": "front", "calls": [{"to": "price", "policy": "attempts=1,hedge=off,breaker=off"}]}],
    "load": {"service": "front", "rate": 50, "length": "4s", "deadline": "500ms"},
    "scenarios": [{"name": "failures",
                   "faults": [{"at": "0s", "lasts": "4s", "service": "price", "failure_ratio": 0.5}]}],
    "tune": [{"service": "front", "to": "price", "values": {
      "attempts": ["1", "2", "8"], "budget": ["100%"], "hedge": ["off"], "breaker": ["off"]}}],
    "objective": )" +
         std::string{objective} + "}";
}

}  // namespace

TEST_CASE("successive halving: finds the best candidate among noisy candidates", "[sim][tuning]") {
  sim::halving_settings settings;
  settings.candidates = 32;
  settings.first_round_seeds = 8;
  const auto ranked = sim::successive_halving(settings, draw_noisy_sample);
  REQUIRE(ranked.size() == 32);
  CHECK(std::abs(static_cast<double>(ranked.front().index) - 11) <= 1);
  // The finalists have more samples than those that were eliminated.
  CHECK(ranked.front().samples.size() == 64);
  CHECK(ranked.back().samples.size() == 8);
  // The candidate with which the others are compared takes part in all rounds.
  const auto own = std::find_if(ranked.begin(), ranked.end(), [](const auto& each) { return each.index == 0; });
  CHECK(own->samples.size() == 64);
}

TEST_CASE("successive halving: the result does not depend on the number of threads", "[sim][tuning][threads]") {
  sim::halving_settings settings;
  const auto one = sim::successive_halving(settings, draw_noisy_sample);
  settings.threads = 3;
  const auto three_thread_result = sim::successive_halving(settings, draw_noisy_sample);
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i].index == three_thread_result[i].index);
    CHECK(one[i].samples == three_thread_result[i].samples);
  }
}

TEST_CASE("mean estimate: the confidence interval uses Student's t distribution", "[sim][tuning]") {
  const auto estimate = sim::estimate_mean({1, 2, 3, 4, 5});
  CHECK(estimate.mean == 3);
  CHECK_THAT(estimate.half_width, WithinAbs(1.963, 0.001));
  CHECK(std::isinf(sim::estimate_mean({1}).half_width));
}

TEST_CASE("policy tuner: the tuner chooses the maximum number of attempts that the objective permits",
          "[sim][tuning][threads]") {
  sim::tuner_settings settings;
  settings.first_round_seeds = 2;
  settings.threads = 2;
  const auto unlimited_plan = sim::parse_plan(plan_with_objective(R"({"min_goodput": 0.9})"));
  REQUIRE(unlimited_plan.has_value());
  const auto unlimited_result = sim::tune_policies(*unlimited_plan, {}, settings);
  REQUIRE(unlimited_result.choices.size() == 4);
  CHECK(unlimited_result.choices.front().lines().front().find("attempts=8") != std::string::npos);
  CHECK(unlimited_result.choices.front().score.violation.empty());
  CHECK(unlimited_result.choices.front().gain.mean > 0.3);

  const auto limited_plan = sim::parse_plan(plan_with_objective(R"({"max_amplification": 1.7})"));
  REQUIRE(limited_plan.has_value());
  const auto limited_result = sim::tune_policies(*limited_plan, {}, settings);
  CHECK(limited_result.choices.front().lines().front().find("attempts=2") != std::string::npos);
  CHECK(limited_result.choices.front().score.amplification < 1.7);
}

TEST_CASE("policy tuner: an objective that cannot be met is reported", "[sim][tuning]") {
  const auto plan = sim::parse_plan(plan_with_objective(R"({"min_goodput": 0.99, "max_amplification": 1.2})"));
  REQUIRE(plan.has_value());
  const auto result = sim::tune_policies(*plan, {}, {});
  CHECK_FALSE(result.choices.front().score.violation.empty());
}

TEST_CASE("policy tuner: a choice that is better on average, but worse in one scenario, is rejected", "[sim][tuning]") {
  const auto plan_with = [](std::string_view objective) {
    auto plan = sim::parse_plan(R"({
      "services": [{"name": "price", "latency": "5ms"},
                   {"name": "front", "calls": [{"to": "price", "policy": "attempts=1,hedge=p95,breaker=off"}]}],
      "load": {"service": "front", "rate": 50, "length": "4s", "deadline": "500ms"},
      "scenarios": [
        {"name": "errors", "faults": [{"at": "0s", "lasts": "4s", "service": "price", "failure_ratio": 0.5}]},
        {"name": "hangs", "faults": [{"at": "1s", "lasts": "3s", "service": "price", "hang_ratio": 0.1}]}
      ],
      "tune": [{"service": "front", "to": "price", "values": {
        "attempts": ["1", "8"], "budget": ["100%"], "hedge": ["off"], "breaker": ["off"]}}],
      "objective": )" + std::string{objective} +
                                "}");
    REQUIRE(plan.has_value());
    return std::move(*plan);
  };
  const auto average_choice = sim::tune_policies(plan_with("{}"), {}, {}).choices.front();
  REQUIRE(average_choice.lines().size() == 1);
  CHECK(average_choice.lines().front().find("attempts=8") != std::string::npos);
  CHECK(average_choice.score.max_loss > 0.02);
  CHECK(average_choice.score.max_loss_scenario == "hangs");
  CHECK(average_choice.score.violation.empty());

  const auto result = sim::tune_policies(plan_with(R"({"max_loss": 0.01})"), {}, {});
  CHECK(result.choices.front().lines().empty());
  CHECK(result.choices.front().score.max_loss == 0);
  for (const auto& choice : result.choices) {
    if (!choice.settings.empty()) CHECK(choice.score.violation.starts_with("goodput in the scenario \"hangs\" is "));
  }
}

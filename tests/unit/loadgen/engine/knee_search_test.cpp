// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/knee_search.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <functional>

namespace cohort {
namespace {

using loadgen::knee_search;
using loadgen::request_rate;
using trial_result = knee_search::trial_result;
using trial_function = std::function<trial_result(knee_search::trial)>;

constexpr auto per_second = [](std::int64_t requests) { return request_rate::per_second(requests); };

/// Returns all rates that were tried. More trials than `max_trials` indicate an endless search.
std::vector<knee_search::trial> run_search(knee_search& search, const trial_function& run_trial,
                                           std::size_t max_trial_count = 60) {
  std::vector<knee_search::trial> trials;
  while (const auto next = search.next()) {
    trials.push_back(*next);
    if (trials.size() > max_trial_count) {
      FAIL_CHECK("too many trials");
      break;
    }
    search.on_result(run_trial(*next));
  }
  return trials;
}

trial_function make_capacity_trial(request_rate capacity) {
  return [capacity](knee_search::trial trial) {
    return trial.rate <= capacity ? trial_result::passed : trial_result::failed;
  };
}

std::vector<std::int64_t> rates_of(const std::vector<knee_search::trial>& trials) {
  std::vector<std::int64_t> rates;
  for (const auto& trial : trials) rates.push_back(trial.rate.millionths / 1'000'000);
  return rates;
}

TEST_CASE("knee search: the rate is doubled until it fails, bisected to within 5 %, and confirmed",
          "[loadgen][engine]") {
  knee_search search{per_second(100)};
  const auto trials = run_search(search, make_capacity_trial(per_second(1'000)));
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 400, 800, 1600, 1200, 1000, 1100, 1050, 1000});
  for (std::size_t i = 0; i < trials.size(); ++i) CHECK(trials[i].is_confirmation == (i + 1 == trials.size()));
  CHECK(search.capacity() == per_second(1'000));
  CHECK(search.is_bounded());
  CHECK_FALSE(search.is_generator_limited());
}

TEST_CASE("knee search: the result is at most 5 % below the capacity, for any first rate", "[loadgen][engine]") {
  const auto first_rate = GENERATE(
      from_range(std::vector<std::int64_t>{1'000'000, 5'000'000, 333'333, 77'700'000, 1'000'000'000, 64'000'000'000}));
  const auto capacity =
      GENERATE(from_range(std::vector<std::int64_t>{70'000'000, 99'999'999, 100'000'000, 100'000'001, 1'234'567'890,
                                                    4'999'000'000, 65'536'000'000, 499'999'000'000}));
  CAPTURE(first_rate, capacity);
  knee_search search{request_rate{first_rate}};
  const auto trials = run_search(search, make_capacity_trial(request_rate{capacity}), 40);
  REQUIRE(search.capacity());
  CHECK(search.capacity()->millionths <= capacity);
  CHECK(search.capacity()->millionths + search.capacity()->millionths / 20 >= capacity);
  CHECK(search.is_bounded());
  CHECK(trials.back().is_confirmation);
}

TEST_CASE("knee search: a failing first rate is halved at most ten times", "[loadgen][engine]") {
  SECTION("until a rate passes") {
    knee_search search{per_second(1'000)};
    const auto trials = run_search(search, make_capacity_trial(per_second(130)));
    const auto rates = rates_of(trials);
    CHECK(std::vector<std::int64_t>(rates.begin(), rates.begin() + 5) ==
          std::vector<std::int64_t>{1000, 500, 250, 125, 187});
    REQUIRE(search.capacity());
    CHECK(search.capacity()->per_second() <= 130);
    CHECK(search.capacity()->per_second() >= 130 / 1.05);
  }
  SECTION("if no rate passes") {
    knee_search search{per_second(1'024)};
    const auto trials = run_search(search, make_capacity_trial({}));
    CHECK(trials.size() == 11);
    CHECK(trials.back().rate == per_second(1));
    CHECK_FALSE(search.capacity());
    CHECK(search.is_bounded());
    CHECK_FALSE(search.is_generator_limited());
  }
}

TEST_CASE("knee search: all trial rates are positive", "[loadgen][engine]") {
  const auto first_rate = GENERATE(std::int64_t{1'000}, std::int64_t{3}, std::int64_t{1});
  knee_search search{request_rate{first_rate}};
  for (const auto& trial : run_search(search, make_capacity_trial({}))) CHECK(trial.rate.millionths > 0);
  CHECK_FALSE(search.capacity());
}

TEST_CASE("knee search: the search terminates at the lowest rates", "[loadgen][engine]") {
  // At these rates, 5 % is less than the smallest difference of two rates.
  const auto capacity = GENERATE(range(1, 25));
  CAPTURE(capacity);
  knee_search search{request_rate{1'000}};
  run_search(search, make_capacity_trial(request_rate{capacity}), 40);
  REQUIRE(search.capacity());
  CHECK(search.capacity()->millionths == capacity);
}

TEST_CASE("knee search: without a failing rate the capacity is a lower bound at the highest rate",
          "[loadgen][engine]") {
  const auto first_rate = GENERATE(std::int64_t{1}, std::int64_t{5}, std::int64_t{600'000}, std::int64_t{1'000'000});
  knee_search search{per_second(first_rate)};
  const auto trials = run_search(search, [](auto) { return trial_result::passed; }, 25);
  REQUIRE(search.capacity());
  CHECK(*search.capacity() > per_second(500'000));
  CHECK(*search.capacity() <= per_second(1'000'000));
  CHECK_FALSE(search.is_bounded());
  CHECK(trials.back().is_confirmation);
  CHECK(trials.back().rate == trials[trials.size() - 2].rate);
}

TEST_CASE("knee search: two invalid first trials end the search without a result", "[loadgen][engine]") {
  knee_search search{per_second(100)};
  CHECK(run_search(search, [](auto) { return trial_result::invalid; }).size() == 2);
  CHECK_FALSE(search.capacity());
  CHECK_FALSE(search.is_bounded());
  CHECK(search.is_generator_limited());
}

TEST_CASE("knee search: after an invalid trial while doubling, the highest passing rate is confirmed",
          "[loadgen][engine]") {
  knee_search search{per_second(100)};
  const auto trials = run_search(search, [](knee_search::trial trial) {
    return trial.rate > per_second(500) ? trial_result::invalid : trial_result::passed;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 400, 800, 800, 400});
  CHECK(search.capacity() == per_second(400));
  CHECK_FALSE(search.is_bounded());
  CHECK(search.is_generator_limited());
}

TEST_CASE("knee search: a single invalid trial is retried at the same rate", "[loadgen][engine]") {
  knee_search search{per_second(100)};
  int invalid_count = 0;
  const auto trials = run_search(search, [&](knee_search::trial trial) {
    if (trial.rate == per_second(200) && invalid_count++ == 0) return trial_result::invalid;
    return trial.rate <= per_second(200) ? trial_result::passed : trial_result::failed;
  });
  CHECK(trials.at(2).rate == per_second(200));
  CHECK_FALSE(search.is_generator_limited());
  CHECK(search.is_bounded());
  CHECK(search.capacity() == per_second(200));
}

TEST_CASE("knee search: an invalid trial while halving ends the search without a result", "[loadgen][engine]") {
  knee_search search{per_second(100)};
  const auto trials = run_search(search, [](knee_search::trial trial) {
    return trial.rate < per_second(50) ? trial_result::invalid : trial_result::failed;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 50, 25, 25});
  CHECK_FALSE(search.capacity());
  CHECK(search.is_generator_limited());
}

TEST_CASE("knee search: after an invalid trial while bisecting, the highest passing rate is confirmed",
          "[loadgen][engine]") {
  knee_search search{per_second(100)};
  const auto trials = run_search(search, [](knee_search::trial trial) {
    if (trial.rate == per_second(150)) return trial_result::invalid;
    return trial.rate <= per_second(100) ? trial_result::passed : trial_result::failed;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{100, 200, 150, 150, 100});
  CHECK(trials.back().is_confirmation);
  CHECK(search.capacity() == per_second(100));
  CHECK(search.is_bounded());
  CHECK(search.is_generator_limited());
}

TEST_CASE("knee search: an invalid confirmation is retried at a lower rate", "[loadgen][engine]") {
  knee_search search{per_second(1'000'000)};
  const auto trials = run_search(search, [](knee_search::trial trial) {
    return trial.is_confirmation && trial.rate > per_second(960'000) ? trial_result::invalid : trial_result::passed;
  });
  CHECK(rates_of(trials) == std::vector<std::int64_t>{1'000'000, 1'000'000, 1'000'000, 950'000});
  CHECK(search.capacity() == per_second(950'000));
  CHECK_FALSE(search.is_bounded());
  CHECK(search.is_generator_limited());
}

TEST_CASE("knee search: a failed confirmation lowers the rate by 5 % until a confirmation passes",
          "[loadgen][engine]") {
  const auto failures = GENERATE(range(0, 6));
  int remaining_failure_count = failures;
  knee_search search{per_second(100)};
  const auto trials = run_search(search, [&](knee_search::trial trial) {
    if (trial.is_confirmation) return remaining_failure_count-- > 0 ? trial_result::failed : trial_result::passed;
    return trial.rate <= per_second(100) ? trial_result::passed : trial_result::failed;
  });
  auto expected = per_second(100).millionths;
  for (int i = 0; i < failures; ++i) expected -= expected / 20;
  CHECK(search.capacity() == request_rate{expected});
  CHECK(search.is_bounded());
  CHECK(trials.back().rate == search.capacity());
}

TEST_CASE("knee search: after six failed confirmations there is no capacity", "[loadgen][engine]") {
  knee_search search{per_second(100)};
  const auto trials = run_search(search, [](knee_search::trial trial) {
    return !trial.is_confirmation && trial.rate <= per_second(100) ? trial_result::passed : trial_result::failed;
  });
  CHECK(std::count_if(trials.begin(), trials.end(), [](const auto& trial) { return trial.is_confirmation; }) == 6);
  CHECK_FALSE(search.capacity());
  CHECK(search.is_bounded());
}

TEST_CASE("knee search: a failed confirmation bounds the capacity", "[loadgen][engine]") {
  knee_search search{per_second(1'000'000)};
  run_search(search, [](knee_search::trial trial) {
    return trial.is_confirmation && trial.rate > per_second(960'000) ? trial_result::failed : trial_result::passed;
  });
  CHECK(search.capacity() == per_second(950'000));
  CHECK(search.is_bounded());
}

TEST_CASE("knee search: with random results, the search ends, and any resulting capacity is confirmed",
          "[loadgen][engine]") {
  const auto seed = GENERATE(range(1U, 200U));
  std::uint64_t state = seed;
  const auto random_number = [&] { return (state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33; };
  knee_search search{per_second(10)};
  std::vector<request_rate> confirmed_rates;
  const auto trials = run_search(
      search,
      [&](knee_search::trial trial) {
        const auto result = static_cast<trial_result>(random_number() % 20 == 0 ? 2 : random_number() % 2);
        if (result == trial_result::passed && trial.is_confirmation) confirmed_rates.push_back(trial.rate);
        return result;
      },
      45);
  CAPTURE(seed, trials.size());
  CHECK(search.capacity().has_value() == !confirmed_rates.empty());
  if (search.capacity()) CHECK(*search.capacity() == confirmed_rates.back());
  CHECK_FALSE(search.next());
}

}  // namespace
}  // namespace cohort

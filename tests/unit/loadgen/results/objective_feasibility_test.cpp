// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <random>

#include "loadgen/results/objective_result.hpp"
#include "tests/unit/loadgen/results/objective_samples.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using measure = objective::measure;
using comparison_operator = objective::comparison_operator;

TEST_CASE("objective: an objective becomes infeasible at the first decisive request", "[loadgen][results]") {
  request_stats slow_stats = make_stats(1, 0);
  slow_stats.response_time.record(1s);
  CHECK(is_infeasible(parse("p99<1s"), slow_stats, 99));
  CHECK_FALSE(is_infeasible(parse("p99<1s"), slow_stats, 100));  // 99 of 100 requests can still be fast enough
  CHECK_FALSE(is_infeasible(parse("p99<=1s"), slow_stats, 1));
  CHECK(is_infeasible(parse("max<1s"), slow_stats, 1'000'000));
  CHECK_FALSE(is_infeasible(parse("p99>2s"), slow_stats, 1));
  CHECK_FALSE(is_infeasible(parse("mean<1ms"), slow_stats, 1));
  CHECK_FALSE(is_infeasible(parse("rate>=100"), slow_stats, 1));
  request_stats censored_stats = make_stats(0, 1);
  censored_stats.response_time.record_censored(1s);
  CHECK(is_infeasible(parse("p50<1s"), censored_stats, 1));
  CHECK_FALSE(is_infeasible(parse("p50<1s"), censored_stats, 2));

  CHECK(is_infeasible(parse("error_rate<1%"), make_stats(0, 1), 100));
  CHECK_FALSE(is_infeasible(parse("error_rate<=1%"), make_stats(0, 1), 100));
  CHECK_FALSE(is_infeasible(parse("error_rate<1%"), make_stats(0, 1), 101));
  CHECK(is_infeasible(parse("error_rate>1%"), make_stats(99, 0), 100));
  CHECK_FALSE(is_infeasible(parse("error_rate>1%"), make_stats(98, 0), 100));
  CHECK(is_infeasible(parse("goodput>99%"), make_stats(1, 0, 0), 100));
  CHECK_FALSE(is_infeasible(parse("goodput>=99%"), make_stats(1, 0, 0), 100));
  CHECK(is_infeasible(parse("goodput<1%"), make_stats(1, 0, 1), 100));
  // More requests than planned: the actual number counts.
  CHECK_FALSE(is_infeasible(parse("error_rate<=1%"), make_stats(99, 1), 10));
  CHECK_FALSE(is_infeasible(parse("p99<100ms"), make_uniform_response_times(), 10));
  CHECK_FALSE(is_infeasible(parse("p99<100ms"), request_stats{}, 0));
}

/// A request that has ended.
struct ended_request {
  bool is_success = true;
  bool is_on_time = true;
  bool is_measured = true;
  bool is_censored = false;
  duration response_time{};

  void add_to(request_stats& stats) const {
    ++stats.outcomes[static_cast<std::size_t>(is_success ? request_outcome::status_2xx : request_outcome::timeout)];
    stats.on_time += is_on_time ? 1 : 0;
    if (is_measured && is_censored) stats.response_time.record_censored(response_time);
    if (is_measured && !is_censored) stats.response_time.record(response_time);
  }
};

struct request_generator {
  std::mt19937_64& random;
  unsigned failing_percent;
  unsigned censored_percent;
  std::uint64_t max_us;

  ended_request next() {
    ended_request request;
    request.is_success = random() % 100 >= failing_percent;
    request.is_on_time = request.is_success && random() % 100 >= failing_percent;
    request.is_censored = random() % 100 < censored_percent;
    request.is_measured = request.is_censored || request.is_success || random() % 2 == 0;
    request.response_time = std::chrono::microseconds{random() % max_us};
    return request;
  }
};

objective random_objective(std::mt19937_64& random, std::uint64_t max_us) {
  constexpr std::array percentages{50.0, 90.0, 95.0, 99.0, 99.9, 100.0};
  constexpr std::array measures{measure::percentile, measure::max,  measure::error_rate,
                                measure::goodput,    measure::mean, measure::rate};
  objective objective{.measured = measures[random() % measures.size()],
                      .percent = percentages[random() % percentages.size()]};
  objective.comparison = static_cast<comparison_operator>(random() % 4);
  objective.limit = is_ratio(objective.measured) ? static_cast<double>(random() % 101) / 100
                                                 : static_cast<double>(random() % (2 * max_us)) / 2;
  return objective;
}

TEST_CASE("objective: an infeasible objective is missed regardless of the remaining outcomes", "[loadgen][results]") {
  std::mt19937_64 random{GENERATE(range(1u, 300u))};
  const std::uint64_t max_us = 1 + random() % 200'000;
  request_generator generator{random, static_cast<unsigned>(random() % 30), static_cast<unsigned>(random() % 10),
                              max_us};
  std::vector<ended_request> requests(1 + random() % 200);
  for (auto& request : requests) request = generator.next();
  for (int i = 0; i < 20; ++i) {
    const auto objective = random_objective(random, max_us);
    const auto ended_count = 1 + random() % requests.size();
    request_stats stats;
    for (std::size_t n = 0; n < ended_count; ++n) requests[n].add_to(stats);
    if (!is_infeasible(objective, stats, requests.size())) continue;
    for (int k = 0; k < 10; ++k) {
      // The remaining requests succeed, or fail at a random rate.
      request_generator rest{random, k % 2 == 0 ? 0 : static_cast<unsigned>(random() % 100),
                             k % 3 == 0 ? 0 : static_cast<unsigned>(random() % 100), k % 2 == 0 ? 1 : max_us};
      request_stats final_stats;
      final_stats.add(stats);
      const auto end = k < 5 ? requests.size() : ended_count + random() % (requests.size() - ended_count + 1);
      for (auto n = ended_count; n < end; ++n) rest.next().add_to(final_stats);
      REQUIRE_FALSE(evaluate(objective, final_stats, 1).is_met);
    }
  }
}

TEST_CASE("objective: a feasible objective can still be met if no value is censored", "[loadgen][results]") {
  std::mt19937_64 random{GENERATE(range(1u, 300u))};
  const std::uint64_t max_us = 1 + random() % 200'000;
  request_generator generator{random, static_cast<unsigned>(random() % 30), 0, max_us};
  const auto planned_count = 1 + random() % 200;
  const auto ended_count = 1 + random() % planned_count;
  request_stats stats;
  for (std::size_t n = 0; n < ended_count; ++n) {
    auto request = generator.next();
    request.is_measured = true;
    request.add_to(stats);
  }
  for (int i = 0; i < 20; ++i) {
    const auto objective = random_objective(random, max_us);
    const bool is_upper = is_upper_limit(objective);
    const bool has_ratio = is_ratio(objective.measured);
    const bool can_recover = objective.measured == measure::mean || objective.measured == measure::rate;
    if (can_recover || (!has_ratio && !is_upper)) continue;
    if (is_infeasible(objective, stats, planned_count)) continue;
    const bool is_success = is_upper == (objective.measured == measure::error_rate);
    request_stats final_stats;
    final_stats.add(stats);
    const ended_request best{.is_success = is_success || !has_ratio, .is_on_time = is_success && has_ratio};
    for (auto n = ended_count; n < planned_count; ++n) best.add_to(final_stats);
    // A time of zero is not less than zero.
    if (objective.limit == 0 && objective.comparison == comparison_operator::less) continue;
    CAPTURE(static_cast<int>(objective.measured), objective.percent, static_cast<int>(objective.comparison),
            objective.limit, ended_count, planned_count);
    CHECK(evaluate(objective, final_stats, 1).is_met);
  }
}

}  // namespace
}  // namespace cohort::loadgen

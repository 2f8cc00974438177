// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/target.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <numeric>

namespace cohort {
namespace {

using loadgen::round_robin_period;
using loadgen::weighted_round_robin;

using weight_list = std::vector<unsigned>;

std::vector<loadgen::target> make_targets(const weight_list& weights) {
  std::vector<loadgen::target> targets;
  for (const auto weight : weights) targets.emplace_back().weight = weight;
  return targets;
}

weight_list generate_weights() {
  return GENERATE(from_range(std::vector<weight_list>{{1},
                                                      {7},
                                                      {1, 1, 1, 1},
                                                      {5, 1, 1},
                                                      {3, 2},
                                                      {10, 20, 30, 40},
                                                      {1000, 999, 998},
                                                      {1, 1000},
                                                      {2, 3, 5, 7, 11, 13},
                                                      weight_list(100, 1)}));
}

TEST_CASE("round robin: the period is the sum of the weights divided by their common divisor", "[loadgen][schedule]") {
  struct example {
    weight_list weights;
    std::uint64_t period;
  };
  const auto test_case = GENERATE(from_range(std::vector<example>{
      {{1}, 1}, {{1000}, 1}, {{1, 1, 1, 1}, 4}, {{10, 20, 30, 40}, 10}, {{1000, 1}, 1001}, {{6, 10, 15}, 31}}));
  CHECK(round_robin_period(make_targets(test_case.weights)) == test_case.period);
  CHECK(weighted_round_robin{make_targets(test_case.weights)}.period() == test_case.period);
}

TEST_CASE("round robin: within a period, each target has exactly the share of its weight", "[loadgen][schedule]") {
  const auto weights = generate_weights();
  const weighted_round_robin order{make_targets(weights)};
  const auto factor = std::accumulate(weights.begin(), weights.end(), 0U) / order.period();
  const auto period = GENERATE(0, 1, 1'000'000);
  std::vector<std::uint64_t> counts(weights.size());
  for (std::size_t i = 0; i < order.period(); ++i) ++counts[order.target_of(period * order.period() + i)];
  for (std::size_t t = 0; t < weights.size(); ++t) CHECK(counts[t] * factor == weights[t]);
}

TEST_CASE("round robin: a target deviates from its share by at most one request", "[loadgen][schedule]") {
  // nginx's order has no such bound in general, but it holds for these weights.
  const auto weights =
      GENERATE(from_range(std::vector<weight_list>{{1, 1, 1, 1}, {5, 1, 1}, {3, 2}, {10, 20, 30, 40}, {1, 1000}}));
  const weighted_round_robin order{make_targets(weights)};
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> counts(weights.size());
  for (std::size_t i = 0; i < order.period(); ++i) {
    ++counts[order.target_of(i)];
    for (std::size_t t = 0; t < weights.size(); ++t) {
      CHECK(std::abs(counts[t] - static_cast<double>(i + 1) * weights[t] / sum) <= 1);
    }
  }
}

TEST_CASE("round robin: the order is that of nginx's smooth weighted round robin", "[loadgen][schedule]") {
  const weighted_round_robin order{make_targets({5, 1, 1})};
  std::vector<std::size_t> got;
  for (std::uint64_t i = 0; i < 7; ++i) got.push_back(order.target_of(i));
  CHECK(got == std::vector<std::size_t>{0, 0, 1, 0, 2, 0, 0});
}

TEST_CASE("round robin: targets of equal weight alternate, from the first", "[loadgen][schedule]") {
  const weighted_round_robin order{make_targets({3, 3, 3, 3})};
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(order.target_of(i) == i % 4);
  CHECK(order.target_of(~std::uint64_t{0}) == 3);
}

TEST_CASE("round robin: connections are divided among the workers with requests to the target", "[loadgen][schedule]") {
  const auto weights = generate_weights();
  const std::size_t workers = GENERATE(1, 2, 3, 4, 7, 64);
  const weighted_round_robin order{make_targets(weights)};
  const std::size_t connections = 256;
  for (std::size_t t = 0; t < weights.size(); ++t) {
    std::size_t sum = 0;
    std::size_t sharing_worker_count = 0;
    for (std::size_t w = 0; w < workers; ++w) {
      const auto share = order.worker_connections(t, connections, w, workers);
      bool has_requests = false;
      for (std::size_t i = w; i < std::lcm(order.period(), workers); i += workers) {
        has_requests = has_requests || order.target_of(i) == t;
      }
      CHECK((share > 0) == has_requests);
      sum += share;
      sharing_worker_count += has_requests ? 1 : 0;
    }
    CHECK(sum <= connections);
    CHECK(sum + sharing_worker_count > connections);
  }
}

TEST_CASE("round robin: each worker has at least one connection", "[loadgen][schedule]") {
  const weighted_round_robin order{make_targets({1, 1, 1})};
  for (std::size_t w = 0; w < 8; ++w) CHECK(order.worker_connections(1, 3, w, 8) == 1);
}

TEST_CASE("round robin: a worker without requests to a target has no connections to it", "[loadgen][schedule]") {
  const weighted_round_robin order{make_targets({1, 1})};
  CHECK(order.worker_connections(0, 64, 0, 2) == 64);
  CHECK(order.worker_connections(1, 64, 0, 2) == 0);
  CHECK(order.worker_connections(0, 64, 1, 2) == 0);
  CHECK(order.worker_connections(1, 64, 1, 2) == 64);
}

TEST_CASE("round robin: a single worker has all connections", "[loadgen][schedule]") {
  const weighted_round_robin order{make_targets({2, 1})};
  CHECK(order.worker_connections(0, 256, 0, 1) == 256);
  CHECK(order.worker_connections(1, 256, 0, 1) == 256);
}

}  // namespace
}  // namespace cohort

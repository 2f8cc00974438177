#include "loadgen/target.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <cmath>
#include <numeric>

namespace cohort {
namespace {

using loadgen::period_of;
using loadgen::rotation;

using weights = std::vector<unsigned>;

std::vector<loadgen::target> targets_with(const weights& all) {
  std::vector<loadgen::target> made;
  for (const auto each : all) {
    made.emplace_back();
    made.back().weight = each;
  }
  return made;
}

weights some_weights() {
  return GENERATE(from_range(std::vector<weights>{{1},
                                                  {7},
                                                  {1, 1, 1, 1},
                                                  {5, 1, 1},
                                                  {3, 2},
                                                  {10, 20, 30, 40},
                                                  {1000, 999, 998},
                                                  {1, 1000},
                                                  {2, 3, 5, 7, 11, 13},
                                                  weights(100, 1)}));
}

TEST_CASE("The period is the sum of the weights without their common factor") {
  struct row {
    weights all;
    std::uint64_t period;
  };
  const auto of = GENERATE(from_range(std::vector<row>{
      {{1}, 1}, {{1000}, 1}, {{1, 1, 1, 1}, 4}, {{10, 20, 30, 40}, 10}, {{1000, 1}, 1001}, {{6, 10, 15}, 31}}));
  CHECK(period_of(targets_with(of.all)) == of.period);
  CHECK(rotation{targets_with(of.all)}.period() == of.period);
}

TEST_CASE("Within each period every target has exactly its weight's part") {
  const auto all = some_weights();
  const rotation order{targets_with(all)};
  const auto factor = std::accumulate(all.begin(), all.end(), 0U) / order.period();
  const auto period = GENERATE(0, 1, 1'000'000);
  std::vector<std::uint64_t> times(all.size());
  for (std::size_t i = 0; i < order.period(); ++i) ++times[order.target_of(period * order.period() + i)];
  for (std::size_t t = 0; t < all.size(); ++t) CHECK(times[t] * factor == all[t]);
}

TEST_CASE(
    "A target is never ahead of its part or behind it by more than one request, but where its few stand together") {
  // What nginx's order promises no bound for in general it keeps for these.
  const auto all =
      GENERATE(from_range(std::vector<weights>{{1, 1, 1, 1}, {5, 1, 1}, {3, 2}, {10, 20, 30, 40}, {1, 1000}}));
  const rotation order{targets_with(all)};
  const double sum = std::accumulate(all.begin(), all.end(), 0.0);
  std::vector<double> times(all.size());
  for (std::size_t i = 0; i < order.period(); ++i) {
    ++times[order.target_of(i)];
    for (std::size_t t = 0; t < all.size(); ++t) {
      CHECK(std::abs(times[t] - static_cast<double>(i + 1) * all[t] / sum) <= 1);
    }
  }
}

TEST_CASE("The order is that of nginx: five to one to one does not come as five in a row") {
  const rotation order{targets_with({5, 1, 1})};
  std::vector<std::size_t> got;
  for (std::uint64_t i = 0; i < 7; ++i) got.push_back(order.target_of(i));
  CHECK(got == std::vector<std::size_t>{0, 0, 1, 0, 2, 0, 0});
}

TEST_CASE("Equal weights take turns, from the first") {
  const rotation order{targets_with({3, 3, 3, 3})};
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(order.target_of(i) == i % 4);
  CHECK(order.target_of(~std::uint64_t{0}) == 3);
}

TEST_CASE("A target's connections are shared out among the workers who have its requests") {
  const auto all = some_weights();
  const std::size_t workers = GENERATE(1, 2, 3, 4, 7, 64);
  const rotation order{targets_with(all)};
  const std::size_t connections = 256;
  for (std::size_t t = 0; t < all.size(); ++t) {
    std::size_t sum = 0;
    std::size_t sharing = 0;
    for (std::size_t w = 0; w < workers; ++w) {
      const auto mine = order.share(t, connections, w, workers);
      bool has_requests = false;
      for (std::size_t i = w; i < std::lcm(order.period(), workers); i += workers) {
        has_requests = has_requests || order.target_of(i) == t;
      }
      CHECK((mine > 0) == has_requests);
      sum += mine;
      sharing += has_requests ? 1 : 0;
    }
    CHECK(sum <= connections);
    CHECK(sum + sharing > connections);
  }
}

TEST_CASE("With fewer connections than workers each of them still has one") {
  const rotation order{targets_with({1, 1, 1})};
  for (std::size_t w = 0; w < 8; ++w) CHECK(order.share(1, 3, w, 8) == 1);
}

TEST_CASE("A worker whose turns never fall on a target has no connection to it") {
  const rotation order{targets_with({1, 1})};
  CHECK(order.share(0, 64, 0, 2) == 64);
  CHECK(order.share(1, 64, 0, 2) == 0);
  CHECK(order.share(0, 64, 1, 2) == 0);
  CHECK(order.share(1, 64, 1, 2) == 64);
}

TEST_CASE("One worker has all connections") {
  const rotation order{targets_with({2, 1})};
  CHECK(order.share(0, 256, 0, 1) == 256);
  CHECK(order.share(1, 256, 0, 1) == 256);
}

}  // namespace
}  // namespace cohort

// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/rank_statistics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>

namespace cohort::loadgen {
namespace {

using samples = std::vector<double>;

/// Maps the bits of a double to an integer with the same order, and back.
std::int64_t ordered_bits(std::int64_t bits) {
  return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits;
}

/// Returns the `rank`-th smallest difference, from 1, of two sorted samples. Bisects the range of doubles and counts
/// the differences below each bound, so that the n·m differences are not stored.
double difference_at_rank(const samples& before, const samples& now, std::size_t rank) {
  const auto count_at_or_below = [&](double limit) {
    std::size_t count = 0;
    std::size_t excluded = 0;  // the smallest values of `before`, whose differences exceed the limit
    for (const double value : now) {
      while (excluded < before.size() && value - before[excluded] > limit) ++excluded;
      count += before.size() - excluded;
    }
    return count;
  };
  auto low = ordered_bits(std::bit_cast<std::int64_t>(now.front() - before.back()));
  auto high = ordered_bits(std::bit_cast<std::int64_t>(now.back() - before.front()));
  while (low < high) {
    const auto middle = std::midpoint(low, high);
    const bool has_rank = count_at_or_below(std::bit_cast<double>(ordered_bits(middle))) >= rank;
    (has_rank ? high : low) = has_rank ? middle : middle + 1;
  }
  return std::bit_cast<double>(ordered_bits(low));
}

}  // namespace

ranking rank_values(const samples& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  ranking ranking{.ranks = samples(values.size())};
  for (std::size_t first = 0; first < order.size();) {
    auto last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    const auto group_size = static_cast<double>(last - first);
    ranking.tie_term += group_size * group_size * group_size - group_size;
    for (auto i = first; i < last; ++i) ranking.ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
    first = last;
  }
  return ranking;
}

double rank_sum::z_score() const {
  return variance <= 0 ? 0 : std::max(std::abs(excess) - 0.5, 0.0) / std::sqrt(variance);
}

rank_sum compute_rank_sum(const samples& a, const samples& b) {
  if (a.empty() || b.empty()) return {};
  samples samples{a};
  samples.insert(samples.end(), b.begin(), b.end());
  const auto [ranks, tie_term] = rank_values(samples);
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto total = n + m;
  const double u = std::accumulate(ranks.begin(), ranks.begin() + std::ssize(a), 0.0) - n * (n + 1) / 2;
  return {.excess = u - n * m / 2, .variance = n * m / 12 * (total + 1 - tie_term / (total * (total - 1)))};
}

double two_sided_p_value(double z_score) { return std::erfc(z_score / std::numbers::sqrt2); }

double mean(const samples& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double median(samples values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double rank_sum_p_value(const samples& a, const samples& b) {
  return two_sided_p_value(compute_rank_sum(a, b).z_score());
}

double hodges_lehmann_shift(const samples& before, const samples& now) {
  if (before.empty() || now.empty()) return 0;
  auto sorted_before = before;
  auto sorted_now = now;
  std::sort(sorted_before.begin(), sorted_before.end());
  std::sort(sorted_now.begin(), sorted_now.end());
  const auto difference_count = before.size() * now.size();
  const auto lower = difference_at_rank(sorted_before, sorted_now, (difference_count + 1) / 2);
  const auto upper = difference_at_rank(sorted_before, sorted_now, difference_count / 2 + 1);
  return (lower + upper) / 2;
}

}  // namespace cohort::loadgen

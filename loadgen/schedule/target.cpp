// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/target.hpp"

#include <algorithm>
#include <numeric>

namespace cohort::loadgen {
namespace {

std::uint64_t common_divisor(const std::vector<target>& targets) {
  std::uint64_t divisor = 0;
  for (const auto& target : targets) divisor = std::gcd(divisor, std::uint64_t{target.weight});
  return std::max<std::uint64_t>(divisor, 1);
}

}  // namespace

std::uint64_t round_robin_period(const std::vector<target>& targets) {
  std::uint64_t weight_sum = 0;
  for (const auto& target : targets) weight_sum += target.weight;
  return weight_sum / common_divisor(targets);
}

weighted_round_robin::weighted_round_robin(const std::vector<target>& targets) {
  const auto period = static_cast<std::int64_t>(round_robin_period(targets));
  const auto divisor = common_divisor(targets);
  std::vector<std::int64_t> credits(targets.size());
  for (std::int64_t i = 0; i < period; ++i) {
    for (std::size_t t = 0; t < targets.size(); ++t) {
      credits[t] += static_cast<std::int64_t>(targets[t].weight / divisor);
    }
    const auto next = std::max_element(credits.begin(), credits.end());
    *next -= period;
    order_.push_back(static_cast<std::size_t>(next - credits.begin()));
  }
}

std::size_t weighted_round_robin::worker_connections(std::size_t target, std::size_t connections, std::size_t worker,
                                                     std::size_t worker_count) const {
  std::size_t worker_requests = 0;
  std::size_t target_requests = 0;
  const auto common_period = std::lcm(order_.size(), worker_count);
  for (std::size_t i = 0; i < common_period; ++i) {
    if (target_of(i) != target) continue;
    ++target_requests;
    worker_requests += i % worker_count == worker ? 1 : 0;
  }
  if (worker_requests == 0) return 0;
  return std::max<std::size_t>(connections * worker_requests / target_requests, 1);
}

}  // namespace cohort::loadgen

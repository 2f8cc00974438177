#include "loadgen/target.hpp"

#include <algorithm>
#include <numeric>

namespace cohort::loadgen {
namespace {

std::uint64_t common_factor(const std::vector<target>& targets) {
  std::uint64_t factor = 0;
  for (const auto& each : targets) factor = std::gcd(factor, std::uint64_t{each.weight});
  return std::max<std::uint64_t>(factor, 1);
}

}  // namespace

std::uint64_t period_of(const std::vector<target>& targets) {
  std::uint64_t sum = 0;
  for (const auto& each : targets) sum += each.weight;
  return sum / common_factor(targets);
}

rotation::rotation(const std::vector<target>& targets) {
  const auto period = static_cast<std::int64_t>(period_of(targets));
  const auto factor = common_factor(targets);
  std::vector<std::int64_t> credit(targets.size());
  for (std::int64_t i = 0; i < period; ++i) {
    for (std::size_t t = 0; t < targets.size(); ++t) {
      credit[t] += static_cast<std::int64_t>(targets[t].weight / factor);
    }
    const auto next = std::max_element(credit.begin(), credit.end());
    *next -= period;
    order_.push_back(static_cast<std::size_t>(next - credit.begin()));
  }
}

std::size_t rotation::share(std::size_t target, std::size_t connections, std::size_t worker,
                            std::size_t workers) const {
  std::size_t mine = 0;
  std::size_t all = 0;
  const auto turns = std::lcm(order_.size(), workers);
  for (std::size_t i = 0; i < turns; ++i) {
    if (target_of(i) != target) continue;
    ++all;
    mine += i % workers == worker ? 1 : 0;
  }
  return mine == 0 ? 0 : std::max<std::size_t>(connections * mine / all, 1);
}

}  // namespace cohort::loadgen

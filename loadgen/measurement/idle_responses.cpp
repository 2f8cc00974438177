// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/idle_responses.hpp"

#include <algorithm>
#include <chrono>
#include <numbers>

namespace cohort::loadgen {
namespace {

constexpr double first_bound_us = 125;

std::uint64_t rounded_us(duration time) {
  return static_cast<std::uint64_t>(std::chrono::round<std::chrono::microseconds>(std::max(time, duration{0})).count());
}

/// `responses` is not empty.
idle_response_summary summarize_group(duration idle_sum, std::vector<duration>& responses) {
  const auto middle = responses.begin() + static_cast<std::ptrdiff_t>(responses.size() / 2);
  std::nth_element(responses.begin(), middle, responses.end());
  const auto count = static_cast<std::int64_t>(responses.size());
  return {rounded_us(idle_sum / count), responses.size(), rounded_us(*middle)};
}

}  // namespace

void idle_responses::record(duration idle, duration response_time) {
  if (requests_.size() < max_count) requests_.emplace_back(std::max(idle, duration{0}), response_time);
}

void idle_responses::add(const idle_responses& other) {
  const auto count = std::min(other.requests_.size(), max_count - requests_.size());
  requests_.insert(requests_.end(), other.requests_.begin(),
                   other.requests_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::vector<idle_response_summary> idle_responses::summarize() const {
  auto sorted = requests_;
  std::sort(sorted.begin(), sorted.end());
  std::vector<idle_response_summary> groups;
  double bound_us = first_bound_us;
  for (auto next = sorted.begin(); next != sorted.end(); bound_us *= std::numbers::sqrt2) {
    duration idle_sum{};
    std::vector<duration> responses;
    for (; next != sorted.end() && to_seconds(next->first) * 1e6 < bound_us; ++next) {
      idle_sum += next->first;
      responses.push_back(next->second);
    }
    if (!responses.empty()) groups.push_back(summarize_group(idle_sum, responses));
  }
  return groups;
}

}  // namespace cohort::loadgen

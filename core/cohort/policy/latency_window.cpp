// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/latency_window.hpp>

#include <algorithm>
#include <cmath>

namespace cohort::policy {
namespace {

constexpr auto upper_bounds = [] {
  constexpr std::array<double, 4> quarter_powers{1, 1.189207115002721, 1.4142135623730951, 1.6817928305074292};
  std::array<duration, latency_histogram::bucket_count> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto microseconds = quarter_powers[i % 4] * static_cast<double>(1ULL << (i / 4));
    bounds[i] = duration{static_cast<duration::rep>(microseconds * 1000)};
  }
  return bounds;
}();

}  // namespace

void latency_histogram::record(duration latency) noexcept {
  const auto bucket = std::lower_bound(upper_bounds.begin(), upper_bounds.end() - 1, latency) - upper_bounds.begin();
  ++buckets_[static_cast<std::size_t>(bucket)];
  ++count_;
}

duration latency_histogram::quantile(double fraction) const noexcept {
  if (count_ == 0) return duration::zero();
  // In doubles, 0.28 * 25 is slightly more than 7.
  constexpr double rounding_error = 1e-9;
  const auto exact = std::ceil(fraction * static_cast<double>(count_) - rounding_error);
  const auto rank = static_cast<std::uint64_t>(std::max(exact, 1.0));
  std::size_t bucket = 0;
  for (std::uint64_t cumulative = buckets_[0]; cumulative < rank; cumulative += buckets_[bucket]) ++bucket;
  return upper_bounds[bucket];
}

void latency_window::advance(time_point now) noexcept {
  const auto number = now.time_since_epoch() / half_;
  if (number <= newer_half_number_) return;
  whole_window_ = number == newer_half_number_ + 1 ? newer_half_ : latency_histogram{};
  newer_half_ = {};
  newer_half_number_ = number;
}

void latency_window::record(duration latency, time_point now) noexcept {
  advance(now);
  newer_half_.record(latency);
  whole_window_.record(latency);
}

std::optional<duration> latency_window::quantile(double fraction, std::uint64_t min_samples, time_point now) noexcept {
  if (count(now) < std::max(min_samples, std::uint64_t{1})) return std::nullopt;
  return whole_window_.quantile(fraction);
}

std::uint64_t latency_window::count(time_point now) noexcept {
  advance(now);
  return whole_window_.count();
}

}  // namespace cohort::policy

#include "core/policy/latency_window.hpp"

#include <algorithm>
#include <cmath>

namespace cohort::policy {
namespace {

constexpr auto upper_bounds = [] {
  constexpr std::array<double, 4> quarter_powers{1, 1.189207115002721, 1.4142135623730951, 1.6817928305074292};
  std::array<duration, latency_counts::buckets> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto microseconds = quarter_powers[i % 4] * static_cast<double>(1ULL << (i / 4));
    bounds[i] = duration{static_cast<duration::rep>(microseconds * 1000)};
  }
  return bounds;
}();

}  // namespace

void latency_counts::add(duration took) noexcept {
  const auto bucket = std::lower_bound(upper_bounds.begin(), upper_bounds.end() - 1, took) - upper_bounds.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  ++total_;
}

duration latency_counts::quantile(double fraction) const noexcept {
  if (total_ == 0) return duration::zero();
  // 0.28 * 25 is a little more than 7 in doubles.
  constexpr double rounding = 1e-9;
  const auto exact = std::ceil(fraction * static_cast<double>(total_) - rounding);
  const auto rank = static_cast<std::uint64_t>(std::max(exact, 1.0));
  std::size_t bucket = 0;
  for (std::uint64_t passed = counts_[0]; passed < rank; passed += counts_[bucket]) ++bucket;
  return upper_bounds[bucket];
}

void latency_window::advance(time_point now) noexcept {
  const auto number = now.time_since_epoch() / half_;
  if (number <= current_) return;
  both_ = number == current_ + 1 ? newer_ : latency_counts{};
  newer_ = {};
  current_ = number;
}

void latency_window::record(duration took, time_point now) noexcept {
  advance(now);
  newer_.add(took);
  both_.add(took);
}

std::optional<duration> latency_window::quantile(double fraction, std::uint64_t least, time_point now) noexcept {
  if (count(now) < std::max(least, std::uint64_t{1})) return std::nullopt;
  return both_.quantile(fraction);
}

std::uint64_t latency_window::count(time_point now) noexcept {
  advance(now);
  return both_.total();
}

}  // namespace cohort::policy

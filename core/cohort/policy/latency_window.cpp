// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/latency_window.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>

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

std::size_t bucket_of(duration latency) noexcept {
  constexpr auto last = upper_bounds.size() - 1;
  const auto microseconds = static_cast<std::uint64_t>(std::max<duration::rep>(latency.count(), 0) / 1000);
  // The bucket whose bound is the largest power of two that does not exceed the latency.
  const auto power = static_cast<std::size_t>(std::bit_width(microseconds | 1)) - 1;
  auto bucket = std::min(power * 4, last);
  while (bucket < last && upper_bounds[bucket] < latency) ++bucket;
  return bucket;
}

}  // namespace

void latency_histogram::record(duration latency) noexcept {
  ++buckets_[bucket_of(latency)];
  ++count_;
}

duration latency_histogram::quantile(double fraction) const noexcept {
  if (count_ == 0) return duration::zero();
  // In double precision, 0.28 * 25 is slightly more than 7.
  constexpr double rounding_error = 1e-9;
  const auto exact_rank = std::ceil(fraction * static_cast<double>(count_) - rounding_error);
  const auto rank = static_cast<std::uint64_t>(std::max(exact_rank, 1.0));
  // Skips blocks of buckets, because most of the buckets are empty.
  constexpr std::size_t block = 8;
  const auto* bucket = buckets_.data();
  std::uint64_t lower_count = 0;
  for (const auto* const last_block = bucket + bucket_count - block; bucket < last_block; bucket += block) {
    const auto next = std::accumulate(bucket, bucket + block, lower_count);
    if (next >= rank) break;
    lower_count = next;
  }
  while (lower_count + *bucket < rank) lower_count += *bucket++;
  return upper_bounds[static_cast<std::size_t>(bucket - buckets_.data())];
}

void latency_window::advance(time_point now) noexcept {
  const auto half_index = now.time_since_epoch() / half_window_;
  if (half_index <= newer_half_index_) return;
  window_histogram_ = half_index == newer_half_index_ + 1 ? newer_half_ : latency_histogram{};
  newer_half_ = {};
  newer_half_index_ = half_index;
}

void latency_window::record(duration latency, time_point now) noexcept {
  advance(now);
  newer_half_.record(latency);
  window_histogram_.record(latency);
}

std::optional<duration> latency_window::quantile(double fraction, std::uint64_t min_samples, time_point now) noexcept {
  if (count(now) < std::max(min_samples, std::uint64_t{1})) return std::nullopt;
  return window_histogram_.quantile(fraction);
}

std::uint64_t latency_window::count(time_point now) noexcept {
  advance(now);
  return window_histogram_.count();
}

}  // namespace cohort::policy

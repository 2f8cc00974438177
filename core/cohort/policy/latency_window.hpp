// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

/// Histogram of latencies. Bucket bounds grow by a factor of 2^(1/4), so a quantile is at most 19 % above the exact
/// value and never below it. Constant size. Range: 1 µs to 2^28 µs (about 4.5 minutes); values out of range are counted
/// in the first or the last bucket.
class latency_histogram {
 public:
  static constexpr std::size_t bucket_count = 4 * 28 + 1;

  void record(duration latency) noexcept;
  /// Number of recorded latencies.
  std::uint64_t count() const noexcept { return count_; }
  /// The smallest bucket bound such that at least `fraction` of the latencies are less than or equal to it; zero if no
  /// latencies were recorded.
  duration quantile(double fraction) const noexcept;

 private:
  std::array<std::uint32_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
};

/// Quantiles of recent latencies. Latencies are discarded in steps of half a window, so the evaluated period is between
/// half of `window` and `window`. The class is a state machine without I/O and without a clock. Not thread-safe.
class latency_window {
 public:
  explicit latency_window(duration window = std::chrono::seconds{10}) : half_window_(window / 2) {}

  void record(duration latency, time_point now) noexcept;
  /// See `latency_histogram::quantile`; empty if fewer than `min_samples` recent latencies were recorded.
  std::optional<duration> quantile(double fraction, std::uint64_t min_samples, time_point now) noexcept;
  /// Number of recent latencies.
  std::uint64_t count(time_point now) noexcept;

 private:
  void advance(time_point now) noexcept;

  duration half_window_;
  latency_histogram newer_half_;
  /// The sum of both halves, stored because quantiles are read as often as latencies are recorded.
  latency_histogram window_histogram_;
  std::int64_t newer_half_index_ = 0;
};

}  // namespace cohort::policy

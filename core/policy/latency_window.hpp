#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/runtime/clock.hpp"

namespace cohort::policy {

/// Counts of durations in buckets that grow by a quarter of a power of two: bounded space, no sorting, and a quantile
/// at most 19 % above the truth and never below it. From 1 µs (what is shorter counts as that) to 2^28 µs, well over
/// four minutes (what is longer counts as that).
class latency_counts {
 public:
  static constexpr std::size_t buckets = 4 * 28 + 1;

  void add(duration took) noexcept;
  std::uint64_t total() const noexcept { return total_; }
  /// The least bound that `fraction` of them do not exceed; zero if there are none.
  duration quantile(double fraction) const noexcept;

 private:
  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t total_ = 0;
};

/// Quantiles of the durations of late. What is older than `window` counts no more (it is forgotten in halves: between
/// one and half of it is remembered). A state machine: it is told the time.
class latency_window {
 public:
  explicit latency_window(duration window = std::chrono::seconds{10}) : half_(window / 2) {}

  void record(duration took, time_point now) noexcept;
  /// The least bound that `fraction` of the recent durations do not exceed; nothing if there are fewer than `least`.
  std::optional<duration> quantile(double fraction, std::uint64_t least, time_point now) noexcept;
  std::uint64_t count(time_point now) noexcept;

 private:
  void advance(time_point now) noexcept;

  duration half_;
  latency_counts newer_;
  latency_counts both_;  // both halves, since quantiles are asked for as often as durations are recorded
  std::int64_t current_ = 0;
};

}  // namespace cohort::policy

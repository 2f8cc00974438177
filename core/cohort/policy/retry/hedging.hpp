// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/policy/latency_window.hpp>

namespace cohort::policy {

/// Decides when to send a second (hedged) request because the first request is slower than usual. The caller uses the
/// first response. The class is a state machine without I/O and without a clock. Not thread-safe. Source: Dean and
/// Barroso, "The tail at scale" (2013): hedging after the 95th percentile costs 5 % more load and shortens the tail
/// considerably.
class hedging {
 public:
  struct settings {
    bool is_enabled = true;
    /// The latency quantile after which the second request is sent.
    double quantile = 0.95;
    /// Minimum number of recent responses for hedging.
    std::uint64_t min_samples = 20;
    /// Lower bound of the delay.
    duration min_delay = std::chrono::milliseconds{5};
  };

  explicit hedging(settings config) : settings_(config) {}

  /// Records the latency of an attempt that received a response.
  void record(duration latency, time_point now) noexcept { latencies_.record(latency, now); }
  /// Returns the time to wait before the second request, or an empty optional if no second request may be sent: hedging
  /// is disabled, there are too few samples, or the remaining time for the second request would be less than the median
  /// latency.
  std::optional<duration> delay(duration remaining_time, time_point now) noexcept;
  /// Returns the median latency of an attempt; zero if there are too few samples.
  duration median(time_point now) noexcept;

 private:
  settings settings_;
  latency_window latencies_;
};

}  // namespace cohort::policy

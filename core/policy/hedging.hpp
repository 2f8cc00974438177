#pragma once

#include <optional>

#include "core/policy/latency_window.hpp"

namespace cohort::policy {

/// When to send a request a second time because the first is slower than usual, and take whichever answer comes first.
/// Source: Dean and Barroso, "The tail at scale" (2013): after the 95th percentile, 5 % more load for a much shorter
/// tail.
class hedging {
 public:
  struct settings {
    bool enabled = true;
    double quantile = 0.95;
    /// Below so many recent answers nobody knows what is usual.
    std::uint64_t least_samples = 20;
    /// Quicker than this is not worth a second request.
    duration least_delay = std::chrono::milliseconds{5};
  };

  explicit hedging(settings how) : how_(how) {}

  /// An attempt was answered, after so long.
  void record(duration took, time_point now) noexcept { recent_.record(took, now); }
  /// How long the first may take; nothing if there is not to be a second: what is usual is not known, or the second
  /// would have less than the median left of `time_left`.
  std::optional<duration> delay(duration time_left, time_point now) noexcept;
  /// What an attempt takes at the median; zero if not known.
  duration usual(time_point now) noexcept;

 private:
  settings how_;
  latency_window recent_;
};

}  // namespace cohort::policy

#pragma once

#include "core/policy/latency_window.hpp"

namespace cohort::policy {

/// Whether a request has enough time left to be worth starting: as much as requests like it take at the median. Where
/// little is known, or what is known is old, it always has, so that a slow spell cannot shut the door for good.
/// Source: "doomed" requests of Google's SRE book, chapter 22; gRPC's and userver's deadline propagation refuse what
/// has expired, this refuses what would.
class feasibility {
 public:
  explicit feasibility(std::uint64_t least_samples = 20) : least_samples_(least_samples) {}

  /// An answer was made after so long; not of one that was cut short.
  void record(duration took, time_point now) noexcept { recent_.record(took, now); }
  /// What is needed at least, if that is known and more than `time_left`.
  std::optional<duration> shortfall(duration time_left, time_point now) noexcept;

 private:
  latency_window recent_;
  std::uint64_t least_samples_;
};

}  // namespace cohort::policy

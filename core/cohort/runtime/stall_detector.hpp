// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// Decides, by periodic observations from another thread, whether a loop has stalled: one handler has been running for
/// longer than the threshold. A loop that waits for events is not stalled. To distinguish these states, the caller
/// posts a function, the marker, to the loop. An idle loop is not woken: a marker is posted only if the loop has run a
/// handler since the last marker. The class is a state machine that uses neither threads nor a clock.
class stall_detector {
 public:
  /// `threshold` must be positive.
  explicit stall_detector(duration threshold) noexcept : threshold_(threshold) {}

  enum class action {
    none,
    /// Post a marker. When the marker runs, it stores `loop::activity_sequence()` for the next `idle_sequence`.
    post_marker,
    /// The loop has stalled for longer than the threshold, or for twice as long as at the last report.
    report,
    /// The stall has ended.
    report_end,
  };

  /// `sequence` is `loop::activity_sequence()`. `idle_sequence` is the value at which the last marker ran; empty if no
  /// marker has run.
  action observe(time_point now, std::size_t sequence, std::optional<std::size_t> idle_sequence) noexcept;

  bool is_stalled() const noexcept { return is_stalled_; }
  /// The duration of the current or the latest stall. The value is at most one observation interval too short.
  duration elapsed() const noexcept { return elapsed_; }

 private:
  duration threshold_;
  std::optional<std::size_t> sequence_;
  /// The time of the first observation of `sequence_`.
  time_point sequence_start_time_{};
  bool is_marker_posted_ = false;
  bool is_stalled_ = false;
  duration next_report_duration_{};
  duration elapsed_{};
};

}  // namespace cohort

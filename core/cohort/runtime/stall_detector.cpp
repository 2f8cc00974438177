// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/stall_detector.hpp>

#include <utility>

namespace cohort {

stall_detector::action stall_detector::observe(time_point now, std::size_t sequence,
                                               std::optional<std::size_t> idle_sequence) noexcept {
  const bool has_progressed = sequence != sequence_;
  const bool is_idle = idle_sequence == sequence;
  if (has_progressed || is_idle) {
    if (has_progressed) is_marker_posted_ = false;
    if (is_stalled_) elapsed_ = now - sequence_start_time_;
    if (has_progressed) sequence_start_time_ = now;
    sequence_ = sequence;
    return std::exchange(is_stalled_, false) ? action::report_end : action::none;
  }
  if (!is_marker_posted_) {
    is_marker_posted_ = true;
    return action::post_marker;
  }
  if (now - sequence_start_time_ < (is_stalled_ ? next_report_duration_ : threshold_)) return action::none;
  elapsed_ = now - sequence_start_time_;
  next_report_duration_ = 2 * elapsed_;
  is_stalled_ = true;
  return action::report;
}

}  // namespace cohort

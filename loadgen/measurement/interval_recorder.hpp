// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "loadgen/measurement/request_stats.hpp"

namespace cohort::loadgen {

/// The statistics of one worker in the current interval, for each phase and target. Entries without events are not
/// allocated.
class interval_recorder {
 public:
  interval_recorder(std::size_t phase_count, std::size_t target_count)
      : target_count_(target_count), stats_(phase_count * target_count) {}

  request_stats& stats(std::size_t phase, std::size_t target) {
    auto& entry = stats_[phase * target_count_ + target];
    if (!entry) entry = std::make_unique<request_stats>();
    return *entry;
  }
  /// Calls `visit(phase, target, stats)` for each allocated entry.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < stats_.size(); ++i)
      if (stats_[i]) visit(i / target_count_, i % target_count_, *stats_[i]);
  }
  /// Returns the statistics and starts a new interval.
  interval_recorder take() {
    interval_recorder interval_recorder{stats_.size() / target_count_, target_count_};
    std::swap(interval_recorder.stats_, stats_);
    return interval_recorder;
  }

 private:
  std::size_t target_count_;
  std::vector<std::unique_ptr<request_stats>> stats_;
};

}  // namespace cohort::loadgen

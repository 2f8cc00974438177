// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include "loadgen/schedule/load_profile.hpp"

namespace cohort::loadgen {

/// Searches for the highest rate that meets the objectives: doubles the rate until an objective is missed, bisects
/// until the two rates are within 5 %, then confirms the lower rate in a longer trial. After a failed confirmation, it
/// lowers the rate by 5 % and tries again. A state machine without I/O.
class knee_search {
 public:
  struct trial {
    request_rate rate;
    bool is_confirmation = false;
  };
  enum class trial_result {
    passed,
    failed,
    invalid,  // the generator was the bottleneck: the trial is repeated once, then its rate is the upper limit of the
              // search
  };

  explicit knee_search(request_rate first_rate) : rate_(first_rate) {}

  /// The next trial to run; empty after the end of the search.
  std::optional<trial> next() const;
  /// Reports the result of the trial that `next` returned.
  void on_result(trial_result result);

  /// The highest confirmed rate: the capacity within 5 % if `is_bounded()`, otherwise a lower bound of it.
  std::optional<request_rate> capacity() const noexcept { return capacity_; }
  /// The highest rate that has passed, confirmed or not.
  std::optional<request_rate> highest_passed_rate() const noexcept { return highest_passed_rate_; }
  /// Whether a higher rate has failed.
  bool is_bounded() const noexcept { return lowest_failed_rate_.has_value(); }
  /// Whether the generator was the bottleneck in a trial.
  bool is_generator_limited() const noexcept { return is_generator_limited_; }

 private:
  enum class state { doubling, halving, bisecting, confirming, done };
  void select_next();
  void on_confirmation(trial_result result);

  state state_ = state::doubling;
  request_rate rate_;
  std::optional<request_rate> highest_passed_rate_;
  std::optional<request_rate> lowest_failed_rate_;
  std::optional<request_rate> capacity_;
  unsigned halving_count_ = 0;
  unsigned confirmation_count_ = 0;
  bool is_generator_limited_ = false;
  bool is_repeated_ = false;
};

}  // namespace cohort::loadgen

// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/knee_search.hpp"

#include <algorithm>
#include <utility>

namespace cohort::loadgen {
namespace {

constexpr request_rate max_rate = request_rate::per_second(1'000'000);
constexpr unsigned max_halvings = 10;
constexpr unsigned max_confirmations = 6;

/// Whether the rates differ by at most 5 %. Adjacent integers also count, because `request_rate` is an integer.
bool is_converged(request_rate low, request_rate high) {
  return high.millionths <= low.millionths + std::max<std::int64_t>(low.millionths / 20, 1);
}

}  // namespace

std::optional<knee_search::trial> knee_search::next() const {
  if (state_ == state::done) return std::nullopt;
  return trial{rate_, state_ == state::confirming};
}

void knee_search::on_result(trial_result result) {
  // Repeats an invalid trial once, because other load on the machine may have been the cause.
  if (result == trial_result::invalid && !std::exchange(is_repeated_, true)) return;
  is_repeated_ = false;
  if (result == trial_result::invalid) is_generator_limited_ = true;
  if (state_ == state::confirming) return on_confirmation(result);
  if (result == trial_result::passed) {
    highest_passed_rate_ = rate_;
  } else if (result == trial_result::failed) {
    lowest_failed_rate_ = rate_;
  }
  select_next();
}

void knee_search::select_next() {
  if (!highest_passed_rate_) {
    state_ = state::halving;
    rate_.millionths /= 2;
    if (is_generator_limited_ || ++halving_count_ > max_halvings || rate_.millionths == 0) state_ = state::done;
    return;
  }
  if (!lowest_failed_rate_ && !is_generator_limited_ && highest_passed_rate_->multiplied_by(2) <= max_rate) {
    state_ = state::doubling;
    rate_ = highest_passed_rate_->multiplied_by(2);
    return;
  }
  if (lowest_failed_rate_ && !is_generator_limited_ && !is_converged(*highest_passed_rate_, *lowest_failed_rate_)) {
    state_ = state::bisecting;
    rate_.millionths =
        highest_passed_rate_->millionths + (lowest_failed_rate_->millionths - highest_passed_rate_->millionths) / 2;
    return;
  }
  state_ = state::confirming;
  rate_ = *highest_passed_rate_;
}

void knee_search::on_confirmation(trial_result result) {
  if (result == trial_result::passed) {
    capacity_ = rate_;
    state_ = state::done;
    return;
  }
  if (result == trial_result::failed) lowest_failed_rate_ = rate_;
  rate_.millionths -= rate_.millionths / 20;
  if (++confirmation_count_ >= max_confirmations) state_ = state::done;
}

}  // namespace cohort::loadgen

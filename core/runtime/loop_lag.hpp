#pragma once

#include <boost/asio/post.hpp>
#include <memory>

#include "core/runtime/loop.hpp"

namespace cohort {

/// How long what is ready on a loop has waited for its turn. A loop runs what was ready in order: the first of a round
/// to ask puts a mark behind all that is ready then, and until that is reached, the round is still going on.
class loop_lag {
 public:
  explicit loop_lag(loop& watched) : loop_(watched) {}

  /// On the watched loop.
  duration of_this_round() {
    const auto now = loop_.now();
    if (!round_->going_on) {
      round_->going_on = true;
      round_->began = now;
      asio::post(loop_.get_executor(), [round = round_] { round->going_on = false; });
    }
    return now - round_->began;
  }

 private:
  struct round {
    bool going_on = false;
    time_point began{};
  };

  loop& loop_;
  /// Also held by the mark, which may be reached later than its owner's end.
  std::shared_ptr<round> round_ = std::make_shared<round>();
};

}  // namespace cohort

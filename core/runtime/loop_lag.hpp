#pragma once

#include <boost/asio/post.hpp>
#include <memory>

#include "core/runtime/loop.hpp"

namespace cohort {

/// How long what is ready on a loop has waited for its turn. A loop runs what was ready in order: the first of a round
/// to ask puts a mark behind all that is ready then, and until that is reached, the round is still going on.
class loop_lag {
 public:
  /// A round of no more than `brief`, or a pause between two of more than that, shows that the loop keeps up.
  explicit loop_lag(loop& watched, duration brief = std::chrono::milliseconds{10})
      : loop_(watched), rounds_(std::make_shared<rounds>(rounds{.brief = brief})) {}

  /// On the watched loop.
  duration of_this_round() {
    const auto now = loop_.now();
    if (!rounds_->going_on) {
      rounds_->begin(now);
      asio::post(loop_.get_executor(), [told = rounds_, &time = loop_.time_source()] { told->end(time.now()); });
    }
    return now - rounds_->began;
  }

  /// On the watched loop, within a round: for how long it has not kept up, by rounds that have ended; zero if it does.
  duration behind_for() const noexcept {
    return rounds_->behind ? loop_.now() - rounds_->behind_since : duration::zero();
  }

 private:
  struct rounds {
    duration brief;
    bool going_on = false;
    bool behind = false;
    time_point began{};
    time_point ended{};
    time_point behind_since{};

    void begin(time_point now) noexcept {
      behind = behind && now - ended <= brief;
      began = now;
      going_on = true;
    }
    void end(time_point now) noexcept {
      const bool was_long = now - began > brief;
      if (was_long && !behind) behind_since = began;
      behind = was_long;
      ended = now;
      going_on = false;
    }
  };

  loop& loop_;
  /// Also held by the mark, which may be reached later than its owner's end.
  std::shared_ptr<rounds> rounds_;
};

}  // namespace cohort

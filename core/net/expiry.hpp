#pragma once

#include "core/runtime/deadline.hpp"
#include "core/runtime/loop.hpp"

namespace cohort::net {

/// A stream's deadline: a timer that marks it expired and has its owner cancel what is under way.
class expiry {
 public:
  /// `interrupt(owner)` is called once the deadline passes.
  expiry(loop& home, void* owner, timer::callback interrupt) noexcept
      : owner_(owner), interrupt_(interrupt), timer_(home.timers(), this) {}

  void set(deadline limit) noexcept {
    expired_ = false;
    if (limit.is_never()) {
      timer_.disarm();
    } else {
      timer_.arm(limit.at());
    }
  }

  bool expired() const noexcept { return expired_; }

 private:
  void on_timer() {
    expired_ = true;
    interrupt_(owner_);
  }

  void* owner_;
  timer::callback interrupt_;
  bool expired_ = false;
  bound_timer<&expiry::on_timer> timer_;
};

}  // namespace cohort::net

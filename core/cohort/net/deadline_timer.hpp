// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/loop.hpp>

namespace cohort::net {

/// Deadline of a stream. When the deadline expires, a timer calls the owner to cancel pending operations. Use it on its
/// loop only.
class deadline_timer {
 public:
  /// `on_expired(owner)` is called on the loop when the deadline passes.
  deadline_timer(loop& event_loop, void* owner, timer::callback_function on_expired) noexcept
      : owner_(owner), on_expired_(on_expired), timer_(event_loop.timers(), this) {}

  /// Replaces the deadline, including an expired deadline.
  void set(deadline stream_deadline) noexcept {
    has_expired_ = false;
    if (stream_deadline.is_never()) {
      timer_.disarm();
    } else {
      timer_.arm(stream_deadline.time());
    }
  }

  bool expired() const noexcept { return has_expired_; }

 private:
  void on_timer() {
    has_expired_ = true;
    on_expired_(owner_);
  }

  void* owner_;
  timer::callback_function on_expired_;
  bool has_expired_ = false;
  bound_timer<&deadline_timer::on_timer> timer_;
};

}  // namespace cohort::net

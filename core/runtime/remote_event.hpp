#pragma once

#include <memory>

#include "core/runtime/wait_queue.hpp"

namespace cohort {

/// A flag that a coroutine waits for on its own loop and that any thread may set, once. Shared by the two sides, so
/// that either may lose interest first.
class remote_event : public std::enable_shared_from_this<remote_event> {
 public:
  /// On the loop that will wait.
  static std::shared_ptr<remote_event> make() { return std::shared_ptr<remote_event>(new remote_event); }

  /// From any thread. What was written before is seen by the one that waits.
  void set() {
    asio::post(home_.get_executor(), [self = shared_from_this()] { self->flag_.set(); });
  }
  /// On its own loop. The awaiting coroutine must hold a reference.
  task<wait_status> wait(deadline until) { return flag_.wait(until); }

 private:
  remote_event() = default;
  loop& home_ = loop::current();
  event flag_;
};

}  // namespace cohort
